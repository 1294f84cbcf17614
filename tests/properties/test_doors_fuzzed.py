"""Whatever comes in at the phones' doors: told off in words, never a failure, nothing left behind.

The examples are few, as the machine decides for each change; tests/fuzz holds what they are made
of, and a script that goes on for as long as one likes.
"""

from __future__ import annotations

import gc
import random
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forms.audit_log import LATEST_MS, read_audit
from server.survey.phones import NewPhone
from server.survey.site import Site
from tests import phone_site
from tests.fuzz.damage import (
    ANSWERS,
    AUDIT_LOGS,
    CREDENTIALS,
    ENTITIES,
    IN_MULTIPART,
    SUBMISSION,
    UPLOAD,
    UPLOAD_TYPE,
    UPLOADS,
)
from tests.phone_site import PLAIN, ROSTER, add_phone, path
from tests.postgres import PostgresServer

A_FEW = settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
REFUSALS = {400, 401, 403, 404, 409, 413}


class Doors:
    """A site's doors, a phone that may come in, and the files outside the store."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client: FlaskClient = phone_site.client_of(site)
        self.phone: NewPhone = add_phone(site)
        self.outside = self._files_outside()

    def send(self, body: bytes, kind: str) -> int:
        """Post to the phone's door; return the status of an answer that is as it should be."""
        answer = self.client.post(path(self.phone, "submission"), data=body, content_type=kind)
        assert b"OpenRosaResponse" in answer.data
        assert b"Traceback" not in answer.data
        return answer.status_code

    def check_nothing_is_left(self) -> None:
        """Assert that no file lies outside the store, and none half-come inside it."""
        assert self._files_outside() == self.outside
        assert not list((self.site.settings.files / "incoming").glob("*"))

    def _files_outside(self) -> set[Path]:
        top = self.site.settings.folder.parent
        found = {one for one in top.rglob("*") if one.is_file() and ".db" not in one.name}
        return {one for one in found if self.site.settings.files not in one.parents}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def doors(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("fuzz") / "site"
    with ExitStack() as until_done:
        database = f"sqlite:///{folder / 'doorstep.db'}"
        if request.param == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres_server")
            database = until_done.enter_context(server.database())
        site = phone_site.open_phone_site(folder, database, PLAIN, ROSTER)
        until_done.callback(site.close)
        yield Doors(site)


@A_FEW
@given(UPLOADS)
def test_a_damaged_upload_is_kept_or_refused_in_words(doors: Doors, body: bytes) -> None:
    assert doors.send(body, UPLOAD_TYPE) in {201, 202} | REFUSALS

    doors.check_nothing_is_left()


@A_FEW
@given(st.binary(max_size=2000), st.sampled_from(["", "x", '"', "a" * 400, "\x7f", "é"]))
def test_any_bytes_under_any_boundary_are_refused_in_words(
    doors: Doors, body: bytes, boundary: str
) -> None:
    kind = f"multipart/form-data; boundary={boundary}"

    assert doors.send(body, kind) in REFUSALS

    doors.check_nothing_is_left()


@A_FEW
@given(ANSWERS)
def test_damaged_answers_are_kept_or_refused_in_words(doors: Doors, xml: bytes) -> None:
    assert doors.send(xml, "text/xml") in {201, 202} | REFUSALS


@A_FEW
@given(ENTITIES)
def test_a_damaged_entity_block_is_kept_and_spoils_no_list(doors: Doors, xml: bytes) -> None:
    assert doors.send(xml, "text/xml") in {201, 202} | REFUSALS

    listed = doors.client.get(path(doors.phone, "forms/roster/attachments/persons.csv"))

    assert listed.status_code == 200
    assert listed.data.startswith(b"name,label,__version")


@A_FEW
@given(CREDENTIALS)
def test_damaged_credentials_let_nobody_in(doors: Doors, said: bytes) -> None:
    line = said.decode("latin-1").replace("\r", "").replace("\n", "")

    answer = doors.client.get("/v1/projects/1/formList", headers={"Authorization": line})

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Digest ")


@A_FEW
@given(st.one_of(AUDIT_LOGS, st.binary(max_size=300)))
def test_a_damaged_audit_log_is_read_as_far_as_it_goes(content: bytes) -> None:
    log = read_audit(content)

    assert all(asked.seconds >= 0 and asked.times > 0 for asked in log.questions)
    assert all(
        abs(point.latitude) <= 90 and abs(point.longitude) <= 180 and 0 <= point.at_ms <= LATEST_MS
        for point in log.track
    )
    assert 0 <= log.jumps_back <= len(content)
    assert 0 <= log.span_s <= LATEST_MS


TEXTS = st.text(max_size=60)


@A_FEW
@given(
    st.sampled_from(
        ["formList", "forms/{}.xml", "forms/{}/manifest", "forms/roster/attachments/{}"]
    ),
    st.sampled_from(["formID", "version", "id", "deviceID", "listAllVersions", "verbose"]),
    TEXTS,
    TEXTS,
)
def test_any_address_is_answered(
    doors: Doors, place: str, parameter: str, word: str, value: str
) -> None:
    address = place.format(quote(word, safe=""))

    answer = doors.client.get(path(doors.phone, address), query_string={parameter: value})

    assert answer.status_code in {200, *REFUSALS}


@A_FEW
@given(TEXTS, st.lists(TEXTS, max_size=20))
def test_any_question_after_entities_is_answered(doors: Doors, name: str, ids: list[str]) -> None:
    address = path(doors.phone, f"datasets/{quote(name, safe='')}/integrity")

    answer = doors.client.get(address, query_string={"id": ",".join(ids)})

    assert answer.status_code in {200, *REFUSALS}


def test_a_stream_of_damaged_uploads_takes_no_memory(doors: Doors) -> None:
    chance = random.Random(20261122)
    whole = [(UPLOAD, UPLOAD_TYPE), (SUBMISSION, "text/xml")]

    def send(count: int) -> None:
        for _ in range(count):
            body, kind = chance.choice(whole)
            at = chance.randrange(len(body))
            piece = chance.choice(IN_MULTIPART)
            doors.send(body[:at] + piece + body[at + chance.randrange(40) :], kind)

    send(150)
    gc.collect()
    tracemalloc.start()
    send(50)
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    send(250)
    gc.collect()
    after, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert after - before < 1_000_000
    assert most < 30_000_000
