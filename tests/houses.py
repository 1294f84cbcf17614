"""Houses as entities: a form that creates and changes them, and submissions to it."""

from __future__ import annotations

from datetime import UTC, datetime

from server.database import writing_session
from server.survey import intake
from server.survey.entities import backlog
from server.survey.intake import Upload
from server.survey.site import Site
from server.tables.decisions import SubmissionNote
from tests.phone_site import HERE, submission_xml

HOUSES = """
| survey |
| | type | name | label | save_to | bind::ds:concept |
| | select_one_from_file villages.csv | village | Village | village_code | visit.village |
| | text | colour | Colour | colour | |
| | text | owner | Owner | owner | person.name |
| entities |
| | list_name | label | entity_id | create_if | update_if |
| | houses | ${owner} | ${owner} | ${colour} != '' | ${colour} = '' |
| settings |
| | form_id | version | form_title | namespaces |
| | houses | 1 | Houses | ds="https://doorstep.health/xforms" |
"""
HOUSE = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"
BRANCH = "0f8fad5b-d9cb-469f-a165-70867728950e"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def house_xml(
    instance: str,
    verb: str,
    colour: str | None = None,
    *,
    base: int | str = "",
    trunk: int | str = "",
    branch: str = "",
    label: str = "",
    village: str = HERE,
    deprecated: str = "",
    entity_id: str = HOUSE,
) -> bytes:
    verbs = 'create="1" update="1"' if verb == "upsert" else f'{verb}="1"'
    answers = f"<village>{village}</village>"
    answers += "" if colour is None else f"<colour>{colour}</colour>"
    entity = (
        f'<meta><entity dataset="houses" id="{entity_id}" {verbs} baseVersion="{base}"'
        f' trunkVersion="{trunk}" branchId="{branch}"><label>{label}</label></entity></meta>'
    )
    return submission_xml(instance, answers + entity, form="houses", deprecated=deprecated)


def receive(site: Site, *sent: bytes, at: datetime = NOON) -> None:
    for xml in sent:
        intake.receive(site, Upload(1, xml, (), None, "collect:test", at))


def review(site: Site, instance: str, state: str) -> None:
    with writing_session(site.engine) as session:
        session.add(
            SubmissionNote(
                project_id=1,
                form_id="houses",
                root_instance_id=instance,
                state=state,
                body="",
                at=datetime.now(UTC),
                who="Li",
            )
        )
        backlog.reconsider(session, 1, "houses", instance)
