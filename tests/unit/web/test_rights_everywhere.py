"""Every address asked from outside: another area's account of each role, and another area's phone.

openrosa J8, domain: roles. A new page route must find its place in one of the tables below.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.database import Base
from server.survey.accounts import Role
from server.tables.truth import JournalEntry
from server.web import door
from tests.builders import VILLAGE
from tests.filled_site import (
    HOUSE,
    MAP_NAME,
    NAME,
    OTHER_AREA,
    OWN_AREA,
    PERSON,
    PHONE,
    PHOTO,
    REASON,
    Filled,
    filled_site,
)
from tests.phone_site import client_of, path
from tests.signed_in import Browser, browser_of

# What lies in one area: endpoint → values of its address, and what a form would send. "$name" is
# what the site was filled with. Who is of another area is told that there is no such thing.
SENT, EDIT = {"submission_id": "$edit"}, {"submission_id": "$edit", "other_id": "$sent"}
ENTITY = {"list_name": "households", "entity_id": HOUSE}
CHANGE = {"submission_id": "$edit", "number": 0}
WHY = {"reason": "because of a call", "note": "seen"}
OF_ONE_AREA: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "accounts.one": ({"account_id": "$account"}, {}),
    "accounts.change": ({"account_id": "$account"}, {"role": "worker", "areas": OTHER_AREA}),
    "accounts.disable": ({"account_id": "$account"}, {}),
    "accounts.enable": ({"account_id": "$account"}, {}),
    "accounts.link": ({"account_id": "$account"}, {}),
    "alerts.one": ({"rule_id": "$alert"}, {}),
    "alerts.change": ({"rule_id": "$alert"}, {"name": "x"}),
    "alerts.stop": ({"rule_id": "$alert"}, {}),
    "alerts.trial": ({"rule_id": "$alert"}, {}),
    "alerts.message": ({"message_id": "$alert_message"}, {}),
    "alerts.repeat": ({"message_id": "$alert_message"}, {}),
    "back_checks.draw": ({"draw_id": "$draw"}, {}),
    "back_checks.give": ({"entry_id": "$back_check"}, {"phone": "1"}),
    "back_checks.of_worker": ({"phone_id": "$phone"}, {}),
    "back_checks.one": ({"entry_id": "$back_check"}, {}),
    "back_checks.withdraw": ({"entry_id": "$back_check"}, {}),
    "base_maps.one": ({"map_id": "$map"}, {}),
    "base_maps.remove": ({"map_id": "$map"}, {}),
    "base_maps.tile": ({"map_id": "$map", "zoom": 6, "column": 52, "row": 24}, {}),
    "boundaries.undo": ({"import_id": "$border_import"}, {}),
    "charts.worker": ({"phone_id": "$phone"}, {}),
    "clinics.one": ({"clinic_id": "$clinic"}, {}),
    "decryption.ask": (SENT, {}),
    "decryption.read": (SENT, {**WHY, "passphrase": "a long enough passphrase"}),
    "entities.one": (ENTITY, {}),
    "entities.change": (ENTITY, {}),
    "entities.save": (ENTITY, {"label": "x", "version": "2"}),
    "entities.confirm": (ENTITY, {}),
    "entities.delete": (ENTITY, {**WHY, "version": "2"}),
    "entities.restore": (ENTITY, {}),
    "entity_decisions.conflict": (ENTITY, {}),
    "entity_decisions.resolve": (ENTITY, {"version": "2"}),
    "entity_decisions.preview": (CHANGE, {}),
    "entity_decisions.again": (CHANGE, {"version": "2"}),
    "entity_decisions.decide": (CHANGE, {"decision": "approve"}),
    "entity_imports.ask_undo": ({"import_id": "$entity_import"}, {}),
    "entity_imports.undo": ({"import_id": "$entity_import"}, {}),
    "entity_properties.move": ({"entity_id": HOUSE}, {"village": "532301103201"}),
    "people.household": ({"household_id": "$household"}, {}),
    "people.person": ({"person_id": PERSON}, {}),
    "people.reveal": ({"person_id": PERSON}, WHY),
    "phone_view.show": ({"phone_id": "$phone"}, {}),
    "phone_view.rows": ({"phone_id": "$phone", "name": "persons.csv"}, {}),
    "phone_view.reveal": ({"phone_id": "$phone", "name": "persons.csv"}, WHY),
    "phones.one": ({"phone_id": "$phone"}, {}),
    "phones.assign": ({"phone_id": "$phone"}, {"village": "532301103201"}),
    "phones.renew": ({"phone_id": "$phone"}, {"address": "https://here.example"}),
    "phones.revoke": ({"phone_id": "$phone"}, {}),
    "registry.township": ({"code": "130921211000"}, {}),
    "registry.undo": ({"import_id": "$registry_import"}, {}),
    "registry.village": ({"code": VILLAGE}, {}),
    "registry.change_village": ({"code": VILLAGE}, {"name": "x"}),
    "reviews.compare": (EDIT, {}),
    "reviews.lay_in_bin": (SENT, WHY),
    "reviews.note": (SENT, {"state": "approved", "body": "seen"}),
    "reviews.purge": ({"submission_id": "$binned"}, WHY),
    "reviews.restore": ({"submission_id": "$binned"}, {}),
    "reviews.send_back": (SENT, WHY),
    "reviews.withdraw": ({"correction_id": "$correction"}, {}),
    "screening.batch": ({"number": "$batch"}, {}),
    "screening.download": ({"number": "$batch", "kind": "csv"}, {}),
    "screening.download_full": ({"number": "$batch", "kind": "csv"}, WHY),
    "sign_offs.copy": ({"sign_off_id": "$sign_off"}, {}),
    "sign_offs.one": ({"code": "130921211000"}, {}),
    "sign_offs.sign": ({"code": "130921211000"}, {"signed_by": "x"}),
    "submissions.one": (SENT, {}),
    "submissions.reveal": (SENT, WHY),
    "submissions.file": ({"submission_id": "$edit", "name": PHOTO}, {}),
    "targets.save": ({"code": VILLAGE}, {}),
    "targets.show": ({"code": VILLAGE}, {}),
    "task_page.act": ({"key": "$task"}, {"do": "close", "reason": "explained"}),
    "task_page.show": ({"key": "$task"}, {}),
    "villages.one": ({"code": VILLAGE}, {}),
    "walks.show": ({"code": VILLAGE}, {}),
    "workers.one": ({"phone_id": "$phone"}, {}),
}
# What shows the reader's own rows only, or asks for what he types: nothing of the other area.
OWN_ROWS: dict[str, dict[str, Any]] = {
    "back_checks.download": {"kind": "csv"},
    "charts.of_area": {"name": "coverage", "kind": "csv"},
    "charts.of_worker": {"name": "times", "kind": "csv"},
    "clinics.download": {"kind": "csv"},
    "coverage.download": {"kind": "csv"},
    "decryption.ask_form": {"form_id": "household_roster"},
    "entities.one_list": {"list_name": "households"},
    "map_lists.download": {"kind": "csv"},
    "entities.new": {"list_name": "households"},
    "entity_decisions.of_submission": SENT,
    "entity_imports.choose": {"list_name": "households"},
    "entity_properties.ask_move": {"entity_id": HOUSE},
    "entity_properties.one": {"list_name": "persons"},
    "form_drafts.show": {"form_id": "roster"},
    "registry.one_import": {"import_id": "$registry_import"},
    "tasks.download": {"queue": "villages", "kind": "csv"},
    "tasks.together": {"queue": "records"},
}
# Forms, lists' rules, catalogues and keys are the whole site's; uploads are named by their hash.
WHOLE_SITES = (
    "assignments.",
    "back_checks.do",
    "back_checks.preview",
    "catalogue.one",
    "check_settings.",
    "decryption.take",
    "encryption.",
    "entities.add",
    "entities.approval",
    "entity_imports.preview",
    "entity_imports.take",
    "entity_imports.upload",
    "entity_properties.forget",
    "entity_properties.set_owner",
    "entity_properties.set_property",
    "form_drafts.",
    "form_files.",
    "form_versions.",
    "forms.",
    "moving.",
    "boundaries.keep",
    "boundaries.preview",
    "registry.do_import",
    "registry.preview",
    "rounds.",
    "targets.days_off",
    "targets.set_day_off",
    "signin.",
    "tile_sources.",
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """One site for all: nobody here may change anything of it. On SQLite; queries are shared."""
    with filled_site(tmp_path_factory.mktemp("filled") / "site") as one:
        yield one


@pytest.fixture(scope="module", params=list(Role))
def outsider(request: pytest.FixtureRequest, filled: Filled) -> Browser:
    return browser_of(filled.site, request.param, [OTHER_AREA])


def marks(filled: Filled) -> dict[str, str]:
    """What nobody of another area may read: names, codes and numbers that lie in this one."""
    token = filled.draft_token
    told = [NAME, "王*", VILLAGE, filled.village, PHONE, MAP_NAME, REASON, "neighbour", "uuid:r"]
    return {one: one for one in [*told, PERSON, HOUSE, "HH000", "高川", "秋季", token] if one}


def routes(filled: Filled) -> list[tuple[str, str, bool]]:
    """Endpoint, method and whether the address has places, of every page route."""
    app = filled.app
    with app.app_context():
        return sorted(
            (rule.endpoint, method, bool(rule.arguments))
            for rule in app.url_map.iter_rules()
            if (guard := door.guard_of(rule.endpoint)) and guard.is_page
            for method in (rule.methods or set()) & {"GET", "POST"}
        )


def address(filled: Filled, endpoint: str, values: dict[str, Any]) -> str:
    known = {"phone": filled.here.id, **filled.__dict__}
    told = {
        name: known[one[1:]] if isinstance(one, str) and one.startswith("$") else one
        for name, one in values.items()
    }
    with filled.app.test_request_context():
        return filled.app.url_for(endpoint, **told)


def ask(browser: Browser, filled: Filled, endpoint: str, method: str) -> Any:
    values, fields = OF_ONE_AREA[endpoint]
    where = address(filled, endpoint, values)
    return browser.get(where) if method == "GET" else browser.post(where, fields)


def rows(filled: Filled) -> dict[str, int]:
    """How many rows each table has, but for the journal's of what was only looked at."""
    with Session(filled.site.engine) as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table.name not in (JournalEntry.__tablename__, "account", "account_area")
        }


def test_each_route_with_a_place_in_its_address_stands_in_one_table(filled: Filled) -> None:
    missing = [
        endpoint
        for endpoint, _, has_places in routes(filled)
        if has_places
        and not endpoint.startswith(WHOLE_SITES)
        and endpoint not in OF_ONE_AREA
        and endpoint not in OWN_ROWS
    ]

    assert missing == []


def test_who_is_of_another_area_is_told_that_nothing_is_there(
    filled: Filled, outsider: Browser
) -> None:
    before = rows(filled)
    answers = {
        (endpoint, method): ask(outsider, filled, endpoint, method)
        for endpoint, method, _ in routes(filled)
        if endpoint in OF_ONE_AREA
    }

    # An import of several areas is there for each of them; undoing it is refused with reasons.
    assert answers.pop(("registry.undo", "POST")).status_code in (403, 409)
    assert {one.status_code for one in answers.values()} <= {403, 404}
    assert told(filled, answers) == []
    assert rows(filled) == before


def test_lists_pages_and_files_hold_nothing_of_another_area(
    filled: Filled, outsider: Browser
) -> None:
    asked = {endpoint: address(filled, endpoint, values) for endpoint, values in OWN_ROWS.items()}
    asked |= {
        endpoint: address(filled, endpoint, {})
        for endpoint, method, has_places in routes(filled)
        if method == "GET" and not has_places
    }
    answers = {(endpoint, "GET"): outsider.get(where) for endpoint, where in asked.items()}

    assert told(filled, answers) == []
    assert {key for key, one in answers.items() if one.status_code >= 500} == set()


def told(filled: Filled, answers: dict[tuple[str, str], Any]) -> list[tuple[str, str]]:
    """Return which answers say something of the other area, and what."""
    return [
        (endpoint, mark)
        for (endpoint, _), answer in answers.items()
        for mark in marks(filled)
        # The page says its own address again, to change the language.
        if mark in answer.text and mark not in answer.request.full_path
    ]


def test_the_same_addresses_open_to_those_of_the_area(filled: Filled) -> None:
    inside = [
        browser_of(filled.site, role, [OWN_AREA, "130981"]) for role in ("supervisor", "admin")
    ]
    inside.append(browser_of(filled.site, "office"))
    closed = {"submissions.file", "decryption.ask", "entity_decisions.preview"}

    shut = {
        endpoint
        for endpoint, method, _ in routes(filled)
        if endpoint in OF_ONE_AREA and endpoint not in closed and method == "GET"
        if all(ask(one, filled, endpoint, method).status_code >= 400 for one in inside)
    }

    assert shut == set()


def test_nobody_reads_a_page_without_signing_in(filled: Filled) -> None:
    client = client_of(filled.site)
    nobody = Browser(client)

    answers = {
        (endpoint, method): ask(nobody, filled, endpoint, method)
        for endpoint, method, _ in routes(filled)
        if endpoint in OF_ONE_AREA
    }

    assert {one.status_code for one in answers.values()} <= {302, 401}


def test_a_phone_gets_nothing_of_another_area(filled: Filled) -> None:
    client = client_of(filled.site)
    asked = [
        "formList",
        "basemaps",
        f"basemaps/{filled.map}/county.mbtiles",
        "forms/household_roster/manifest",
        "forms/household_roster/attachments/villages.csv",
        "forms/household_roster/attachments/corrections.csv",
        "forms/disease_screening/attachments/persons.csv",
        "forms/disease_screening/attachments/households.csv",
        "forms/clinic_audit/attachments/clinics.csv",
    ]

    answers = {(rest, "GET"): client.get(path(filled.away, rest)) for rest in asked}
    told_away = client.get(path(filled.away, f"datasets/persons/integrity?id={PERSON}")).text
    own = client.get(path(filled.here, "forms/disease_screening/attachments/persons.csv")).text

    assert NAME in own
    assert [
        (rest, mark) for rest, mark in told(filled, answers) if mark != "高川" or "List" not in rest
    ] == []
    assert "true" in told_away
    assert client.get(path(filled.away, asked[2])).status_code == 404
