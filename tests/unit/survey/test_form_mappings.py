"""A mapping beside a form: what was sent before is read anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.config import Settings
from server.database import writing_session
from server.survey import form_mappings, intake, publishing, replay
from server.survey.site import Site, open_site
from server.tables.projections import Projected, Visit

FORM = b"""
| survey |
| | type | name | label |
| | text | cun | Village |
| settings |
| | form_id | version |
| | county | 1 |
"""
VILLAGE = "130921211201"


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    opened = open_site(Settings(folder=tmp_path, database=database_url))
    with writing_session(opened.engine) as session:
        publishing.publish(session, 1, "county.md", FORM, "Li")
    yield opened
    opened.close()


def send(site: Site, instance_id: str, version: str = "1") -> str:
    """Send one submission and return what became of it."""
    xml = (
        f'<data id="county" version="{version}"><cun>{VILLAGE}</cun>'
        f"<meta><instanceID>{instance_id}</instanceID></meta></data>"
    )
    at = datetime(2026, 11, 22, tzinfo=UTC)
    return intake.receive(site, intake.Upload(1, xml.encode(), (), None, "", at)).outcome


def states_and_villages(site: Site) -> tuple[list[str], list[str]]:
    with Session(site.engine) as session:
        states = session.scalars(select(Projected.state).order_by(Projected.submission_id))
        villages = session.scalars(select(Visit.village_code).order_by(Visit.submission_id))
        return list(states), list(villages)


def test_submissions_of_a_form_are_read_anew_after_its_mapping_changed(site: Site) -> None:
    send(site, "uuid:1")
    send(site, "uuid:2")
    before = states_and_villages(site)

    with writing_session(site.engine) as session:
        done = form_mappings.set_mapping(session, 1, "county", b"path,concept\ncun,visit.village\n")
    between = states_and_villages(site)
    read = replay.catch_up(site)

    assert before == (["projected"] * 2, ["", ""])
    assert (done.waiting, between) == (2, (["waiting"] * 2, ["", ""]))
    assert read == 2
    assert states_and_villages(site) == (["projected"] * 2, [VILLAGE, VILLAGE])


def test_the_same_mapping_again_makes_nothing_wait(site: Site) -> None:
    mapping = b"path,concept\ncun,visit.village\n"
    send(site, "uuid:1")
    with writing_session(site.engine) as session:
        form_mappings.set_mapping(session, 1, "county", mapping)
    replay.catch_up(site)

    with writing_session(site.engine) as session:
        done = form_mappings.set_mapping(session, 1, "county", mapping)

    assert done.waiting == 0
    assert replay.catch_up(site) == 0


def test_submissions_parked_for_a_version_are_read_once_it_is_published(site: Site) -> None:
    outcomes = [send(site, "uuid:1"), send(site, "uuid:2", version="2")]

    with writing_session(site.engine) as session:
        published = publishing.publish(
            session, 1, "county.md", FORM.replace(b"county | 1", b"county | 2"), "Li"
        )
    replay.catch_up(site)

    assert outcomes == ["kept", "parked"]
    assert published.waiting == 1
    assert states_and_villages(site)[0] == ["projected"] * 2
