"""A site with villages, forms and phones, as phones meet it: only what a test does not say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from server.app import make_app
from server.config import Settings
from server.database import writing_session
from server.survey import form_files, phones, publishing
from server.survey.areas import WHOLE_SITE
from server.survey.phones import NewPhone
from server.survey.site import Site, open_site
from server.tables.reference import Clinic, Village
from server.tables.truth import Account

HERE = "130921211201"
NEXT = "130921211202"
AWAY = "532301103201"
VILLAGES = {HERE: "清水村", NEXT: "东村", AWAY: "远村"}

# A form that feeds nothing: for what is about sending alone.
PLAIN = """
| survey |
| | type | name | label |
| | integer | age | Age |
| | image | photo | Photo |
| settings |
| | form_id | version | form_title |
| | plain | 1 | Plain |
"""
# A form that makes persons and chooses among what a phone is given.
ROSTER = """
| survey |
| | type | name | label | save_to | bind::ds:concept |
| | select_one_from_file villages.csv | village | Village | village_code | visit.village |
| | select_one_from_file clinics.csv | clinic | Clinic | | |
| | select_one_from_file persons.csv | known | Known | | |
| | text | pname | Name | pname | |
| | image | photo | Photo | | |
| | note | hello | Hello | | |
| entities |
| | list_name | label |
| | persons | ${pname} |
| settings |
| | form_id | version | form_title | namespaces |
| | roster | 1 | Roster | ds="https://doorstep.health/xforms" |
"""


class PhoneClient(FlaskClient):
    """Reads each answer to its end and closes it, as a server does."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **{**kwargs, "buffered": True})


def client_of(site: Site) -> FlaskClient:
    """Return what asks as a phone does."""
    app = make_app(site)
    app.test_client_class = PhoneClient
    return app.test_client()


def open_phone_site(folder: Path, database: str, *forms: str, **settings: int) -> Site:
    """Open a new site with three villages and their clinics, and publish forms in Markdown."""
    site = open_site(Settings(folder=folder, database=database, **settings))  # type: ignore[arg-type]
    with writing_session(site.engine) as session:
        for number, (code, name) in enumerate(VILLAGES.items()):
            township = f"{code[:9]}000"
            session.add(Village(code=code, name=name, township_code=township))
            session.add(
                Clinic(
                    id=f"00000000-0000-4000-8000-00000000000{number}",
                    code=f"C{number}",
                    name=f"{name}卫生室",
                    kind="village_clinic",
                    village_code=code,
                    township_code=township,
                )
            )
        for text in forms:
            publish(session, text)
    return site


def publish(session: Session, text: str) -> None:
    """Publish a form written in Markdown."""
    publishing.publish(session, 1, "form.md", text.encode(), "Li")


def attach(site: Site, form_id: str, name: str, content: bytes) -> None:
    """Lay a file beside a form."""
    with writing_session(site.engine) as session:
        form_files.attach_file(session, site.settings.files, 1, form_id, name, content)


def an_account(name: str) -> Account:
    """Return a worker's account."""
    return Account(name=name, role="worker", password_hash="", created_at=datetime.now(UTC))


def add_phone(
    site: Site, villages: Iterable[str] = (HERE,), *, language: str | None = None, project: int = 1
) -> NewPhone:
    """Add a phone, of an account that reads `language`."""
    with writing_session(site.engine) as session:
        account_id = None
        if language:
            account = an_account(language)
            account.language = language
            session.add(account)
            session.flush()
            account_id = account.id
        return phones.add_phone(session, project, "Amina", villages, WHOLE_SITE, account_id)


def revoke(site: Site, phone: NewPhone) -> None:
    """Shut a phone out."""
    with writing_session(site.engine) as session:
        phones.revoke(session, phone.id, WHOLE_SITE)


def path(phone: NewPhone, rest: str) -> str:
    """Return an address of the phone's project, its token in it."""
    return f"/v1/key/{phone.token}/projects/{phone.project_id}/{rest}"


def submission_xml(
    instance: str = "uuid:1",
    answers: str = "<age>7</age>",
    *,
    form: str = "plain",
    version: str = "1",
    deprecated: str = "",
) -> bytes:
    """Return a submission as Collect writes one."""
    edit = f"<orx:deprecatedID>{deprecated}</orx:deprecatedID>" if deprecated else ""
    return (
        f'<?xml version=\'1.0\' ?><data id="{form}" version="{version}"'
        f' xmlns:orx="http://openrosa.org/xforms">{answers}'
        f"<orx:meta><orx:instanceID>{instance}</orx:instanceID>{edit}</orx:meta></data>"
    ).encode()


def person_xml(instance: str, entity_id: str, name: str = "Amina", village: str = HERE) -> bytes:
    """Return a submission to the roster that creates a person."""
    answers = f"<village>{village}</village><clinic/><known/><pname>{name}</pname>"
    entity = (
        f'<meta><entity dataset="persons" id="{entity_id}" create="1" baseVersion=""'
        f' trunkVersion="" branchId=""><label>{name}</label></entity></meta>'
    )
    return submission_xml(instance, answers + entity, form="roster").replace(b"<hello/>", b"")
