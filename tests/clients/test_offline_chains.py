"""An entity made and changed twice by one phone without a network, by JavaRosa, sent in any order.

JavaRosa works out each block from the phone's own copy of the list. Collect keeps that copy: it
writes what it made itself with version 1 and a branch of its own, and counts up with each change.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.survey.phones import NewPhone
from server.survey.site import Site
from server.tables.projections import Entity
from tests import phone_site
from tests.builders import an_id
from tests.clients.javarosa.walker import walk
from tests.needs import needs_java
from tests.phone_site import add_phone, path

NEW_TREE = """
| survey |
| | type | name | label | save_to |
| | text | kind | Kind | kind |
| | text | colour | Colour | colour |
| entities |
| | list_name | label |
| | trees | ${kind} |
| settings |
| | form_id | version |
| | new_tree | 1 |
"""
SEEN_TREE = """
| survey |
| | type | name | label | save_to | required |
| | select_one_from_file trees.csv | tree | Tree | | yes |
| | text | colour | Colour | colour | |
| | text | height | Height | height | |
| entities |
| | list_name | entity_id |
| | trees | ${tree} |
| settings |
| | form_id | version |
| | seen_tree | 1 |
"""
HEADER = ("name", "label", "__version", "__trunkVersion", "__branchId", "kind", "colour", "height")
LAST = {"kind": "oak", "colour": "brown", "height": "9"}

pytestmark = needs_java


class OfflinePhone:
    """A phone's copy of the list, kept as Collect keeps it, and its forms, filled by JavaRosa."""

    def __init__(self, client: FlaskClient, new: NewPhone, folder: Path) -> None:
        self.folder = folder
        for form_id in ("new_tree", "seen_tree"):
            form = client.get(path(new, f"forms/{form_id}.xml"))
            (folder / f"{form_id}.xml").write_bytes(form.data)

    def make(self, **answers: str) -> bytes:
        return walk(self.folder / "new_tree.xml", self.folder, 1, 1, answers)[0]

    def change(self, tree: str, version: int, trunk: str, branch: str, **answers: str) -> bytes:
        """Fill the second form while the phone's copy of the tree says this of its version."""
        with (self.folder / "trees.csv").open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened)
            row = (tree, "oak", str(version), trunk, branch, "oak", "green", "")
            writer.writerows([HEADER, row])
        form = self.folder / "seen_tree.xml"
        return walk(form, self.folder, 1, version, {"tree": tree, **answers})[0]


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    folder = tmp_path / "site"
    opened = phone_site.open_phone_site(folder, database_url, NEW_TREE, SEEN_TREE)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return phone_site.client_of(site)


@pytest.fixture
def new(site: Site) -> NewPhone:
    return add_phone(site)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What one phone fills on one day without a network: made, changed, changed again."""
    folder = tmp_path_factory.mktemp("chain")
    database = f"sqlite:///{folder / 'site' / 'doorstep.db'}"
    site = phone_site.open_phone_site(folder / "site", database, NEW_TREE, SEEN_TREE)
    phone = OfflinePhone(phone_site.client_of(site), add_phone(site), folder)
    site.close()
    made = phone.make(kind="oak", colour="green")
    tree, branch = block(made)["id"], an_id("branch")
    return [
        made,
        phone.change(tree, 1, "", branch, colour="red", height="3"),
        phone.change(tree, 2, "", branch, colour="brown", height="9"),
    ]


def block(xml: bytes) -> dict[str, str]:
    (entity,) = etree.fromstring(xml).iter("{*}entity")
    return {str(name): str(value) for name, value in entity.attrib.items()}


def copy_of(chain: list[bytes], number: int) -> list[bytes]:
    """Return the chain of another tree."""
    tree = block(chain[0])["id"]
    other = an_id("tree", number)[:14] + "4" + an_id("tree", number)[15:]
    return [
        xml.replace(tree.encode(), other.encode()).replace(b">uuid:", f">uuid:{number}-".encode())
        for xml in chain
    ]


def send(client: FlaskClient, new: NewPhone, xml: bytes) -> int:
    answer = client.post(path(new, "submission"), data=xml, content_type="text/xml")
    return answer.status_code


def listed(client: FlaskClient, new: NewPhone) -> dict[str, dict[str, str]]:
    text = client.get(path(new, "forms/seen_tree/attachments/trees.csv")).text
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_javarosa_writes_the_blocks_of_a_chain(chain: list[bytes]) -> None:
    made, second, third = map(block, chain)

    assert (made["create"], made["dataset"]) == ("1", "trees")
    for number, one in enumerate((second, third), 1):
        assert one["update"] == "1"
        assert (one["id"], one["baseVersion"]) == (made["id"], str(number))
        assert (one["trunkVersion"], one["branchId"]) == ("", an_id("branch"))


def test_a_chain_comes_out_alike_in_whatever_order_it_is_sent(
    site: Site, client: FlaskClient, new: NewPhone, chain: list[bytes]
) -> None:  # F17, number 12
    orders = [(0, 1, 2), (2, 1, 0), (1, 0, 2)]

    for number, order in enumerate(orders):
        sent = copy_of(chain, number)
        assert [send(client, new, sent[one]) for one in order] == [201] * 3

    rows = listed(client, new).values()
    with Session(site.engine) as session:
        conflicts = set(session.scalars(select(Entity.conflict)))
    assert [{key: row[key] for key in LAST} for row in rows] == [LAST] * 3
    assert {row["__version"] for row in rows} == {"3"}
    assert conflicts == {""}


def test_with_one_missing_the_rest_waits_and_is_taken_when_it_comes(
    client: FlaskClient, new: NewPhone, chain: list[bytes]
) -> None:  # F17, F18, number 12
    without_second, without_first = copy_of(chain, 1), copy_of(chain, 2)

    for xml in (without_second[0], without_second[2], without_first[1], without_first[2]):
        assert send(client, new, xml) == 201
    waiting = listed(client, new)
    for xml in (without_second[1], without_first[0]):
        assert send(client, new, xml) == 201

    assert [(row["__version"], row["colour"]) for row in waiting.values()] == [("1", "green")]
    rows = listed(client, new).values()
    assert [{key: row[key] for key in LAST} for row in rows] == [LAST] * 2


@pytest.mark.parametrize(
    ("answers", "conflict"), [({"colour": "blue"}, "hard"), ({"height": "4"}, "soft")]
)
def test_two_phones_that_change_one_tree_are_told_apart(
    site: Site,
    client: FlaskClient,
    new: NewPhone,
    chain: list[bytes],
    answers: dict[str, str],
    conflict: str,
) -> None:  # F19, number 13
    tree = block(chain[0])["id"]
    phone = OfflinePhone(client, new, site.settings.folder)
    mine = phone.change(tree, 1, "1", an_id("mine"), colour="red", height="")
    theirs = phone.change(tree, 1, "1", an_id("theirs"), **{"colour": "", "height": ""} | answers)
    # Unasked is unchanged: a phone that left a question out says nothing of it.
    mine, theirs = (re.sub(rb"<(colour|height) />", b"", xml) for xml in (mine, theirs))

    for xml in (chain[0], mine, theirs):
        assert send(client, new, xml) == 201

    row = listed(client, new)[tree]
    with Session(site.engine) as session:
        found = session.scalars(select(Entity).where(Entity.entity_id == tree)).one()
    assert (found.conflict, row["__version"]) == (conflict, "3")
    assert row["colour"] == answers.get("colour", "red")
