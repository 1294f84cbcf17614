"""A site with something of every kind in one township, for tests of who may reach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

from flask import Flask
from shapely import box
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from server.app import make_app
from server.config import Settings
from server.database import writing_session
from server.survey import (
    accounts,
    boundaries,
    corrections,
    drafts,
    first_run,
    intake,
    phones,
    publishing,
)
from server.survey import bin as the_bin
from server.survey.accounts import Role
from server.survey.alerts import messages, rules, turns
from server.survey.alerts.rules import NewRule
from server.survey.areas import WHOLE_SITE
from server.survey.boundaries import Brought
from server.survey.entities import actions
from server.survey.entities.actions import NewAction
from server.survey.phones import NewPhone
from server.survey.registry.sample import import_sample
from server.survey.site import Site, open_site
from server.survey.tasks import write_key
from server.tables.back_checks import BackCheckDraw, BackCheckEntry
from server.tables.decisions import Correction, EntityImport, Round, VillagePlan
from server.tables.projections import Household
from server.tables.reference import BaseMap, Clinic, Village
from server.tables.sign_offs import RegisterSignOff
from server.tables.signals import VillageRate
from server.tables.truth import Batch, RegistryImport
from server.web import language
from tests import tile_maps
from tests.builders import RECEIVED_AT, VILLAGE, a_member, an_id, roster_xml, screening_xml
from tests.phone_site import AWAY, ROSTER
from tests.signed_in import browser_of
from tests.task_rows import a_signal, bring

NAME, REASON, PHONE, MAP_NAME = "王小一", "号码不对", "张医生的手机", "高川底图"
HOUSE = an_id("household entity", "uuid:r1")
PERSON = an_id("person", NAME)
OWN_AREA, OTHER_AREA = "130921", "532301"
AREA_MAP = "130921211000"
TASK = ("rate", VILLAGE, "found")
PHOTO = "dx.jpg"


@dataclass(frozen=True)
class Filled:
    """What was put there, by number or code; all of it in the township of VILLAGE.

    `sent` counts, `edit` stands in its place, `binned` lies in the bin, `parked` waits.
    """

    site: Site
    app: Flask
    here: NewPhone
    away: NewPhone
    village: str
    sent: int
    edit: int
    binned: int
    parked: int
    household: str
    correction: int
    batch: int
    clinic: str
    map: int
    entity_import: int
    registry_import: int
    task: str
    border_import: int
    alert: int
    alert_message: int
    sign_off: int
    draw: int
    back_check: int
    account: int
    draft_token: str


@contextmanager
def filled_site(folder: Path) -> Iterator[Filled]:
    """Open a site, fill it and say what is where."""
    site = open_site(Settings.read({}, str(folder), None))
    first_run.prepare(site)
    here, away, account = _registers(site)
    _sent(site, here)
    _desk(site, here, folder)
    with writing_session(site.engine) as session:
        shapes = {VILLAGE: box(116.8, 38.0, 116.9, 38.1)}
        brought = Brought("高川界线.geojson", "0" * 64, "wgs84", shapes)
        border = boundaries.keep(session, brought, "test", datetime.now(UTC))
        alert = _alert(site, session)
    with Session(site.engine) as session:
        yield Filled(
            site=site,
            app=make_app(site),
            here=here,
            away=away,
            village=session.get_one(Village, VILLAGE).name,
            sent=1,
            edit=2,
            binned=3,
            parked=4,
            household=session.scalars(select(Household.id)).first() or "",
            correction=session.scalars(select(Correction.id)).one(),
            batch=session.scalars(select(Batch.number)).one(),
            clinic=session.scalars(select(Clinic.id)).one(),
            map=session.scalars(select(BaseMap.id)).one(),
            entity_import=session.scalars(select(EntityImport.id)).one(),
            registry_import=max(session.scalars(select(RegistryImport.id))),
            task=write_key(TASK),
            border_import=border,
            alert=alert,
            alert_message=1,
            sign_off=session.scalars(select(RegisterSignOff.id)).one(),
            draw=session.scalars(select(BackCheckEntry.draw_id)).one(),
            back_check=session.scalars(select(BackCheckEntry.id)).one(),
            account=account,
            draft_token=drafts.needed(session, 1, "roster").token,
        )
    site.close()


def _plan(session: Session) -> None:
    """Plan the village for a month from today."""
    today = datetime.now(UTC).date()
    days = {"starts_on": today, "ends_on": today + timedelta(days=30), "weekdays": "1234567"}
    made = {"at": datetime.now(UTC), "who": "test"}
    of = Round(project_id=1, name="一轮", **days, **made)
    session.add(of)
    session.flush()
    session.add(VillagePlan(project_id=1, village_code=VILLAGE, round_id=of.id, **made))


def _alert(site: Site, session: Session) -> int:
    """Make a rule of the township that was tried once; return its number."""
    condition = {"codes": ["lung_cancer"]}
    wish = NewRule(
        "高川提醒", "found", OWN_AREA, condition, ["a@example.org"], "", True, None, "zh"
    )
    rule = rules.add(session, 1, wish, WHOLE_SITE, "test", datetime.now(UTC))
    session.add_all(messages.trial(rule, "高川", turns.frame_of(site, language.say)))
    return rule.id


def _draw(session: Session, here: NewPhone) -> None:
    """Draw one household of the township for a second interview."""
    day = RECEIVED_AT.date()
    draw = BackCheckDraw(
        project_id=1,
        area_code="",
        starts_on=day,
        ends_on=day,
        stratum="worker",
        share=0.1,
        least=1,
        seed=1,
        at=RECEIVED_AT,
        who="test",
    )
    session.add(draw)
    session.flush()
    entry = BackCheckEntry(
        draw_id=draw.id,
        project_id=1,
        entity_id=an_id("back check"),
        household_id=session.scalars(select(Household.id)).first() or "",
        village_code=VILLAGE,
        form_id="household_roster",
        root_instance_id="uuid:r1",
        interviewed_on=day,
        first_phone_id=here.id,
        phone_id=here.id,
        label="高川村 HH0001",
        said={"visited": "yes"},
    )
    session.add(entry)


def _registers(site: Site) -> tuple[NewPhone, NewPhone, int]:
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        session.add(
            Clinic(
                id=an_id("clinic"),
                code="C1",
                name="高川卫生室",
                kind="village_clinic",
                village_code=VILLAGE,
                township_code=AREA_MAP,
            )
        )
        here = phones.add_phone(session, 1, PHONE, [VILLAGE], WHOLE_SITE)
        away = phones.add_phone(session, 1, "远处", [AWAY], WHOLE_SITE)
        account = accounts.add(session, "neighbour", Role.WORKER, [OWN_AREA], WHOLE_SITE)
        prepared = publishing.prepare(publishing.read_source("form.md", ROSTER.encode()))
        drafts.keep(session, site.settings.files, 1, prepared, "test")
        drafts.choose_villages(session, 1, "roster", [VILLAGE], WHOLE_SITE)
    return here, away, account.id


def _sent(site: Site, here: NewPhone) -> None:
    member = a_member(NAME, id18="990000197005060028", has_id="yes")
    several = (
        roster_xml("uuid:r1", number="HH0001", members=[member]),
        roster_xml("uuid:r2", number="HH0001", members=[member], deprecated="uuid:r1"),
        roster_xml("uuid:r3", number="HH0003"),
        roster_xml("uuid:r4", number="HH0004", version="unheard"),
        screening_xml("uuid:s1", name=NAME, codes="lung_cancer", state="done"),
    )
    for number, xml in enumerate(several):
        at = RECEIVED_AT + timedelta(minutes=number)
        intake.receive(site, intake.Upload(1, xml, (), here.id, "", at))


def _desk(site: Site, here: NewPhone, folder: Path) -> None:
    with writing_session(site.engine) as session:
        corrections.send_back(session, 2, WHOLE_SITE, REASON, "test", here.id)
        the_bin.lay_in(session, 3, WHOLE_SITE, "a try-out", "test")
        row = EntityImport(
            project_id=1,
            list_name="households",
            source_name="高川名单.csv",
            created=0,
            updated=1,
            made_at=datetime.now(UTC),
            made_by="test",
        )
        session.add(row)
        session.flush()
        place = {"village_code": VILLAGE}
        several = (("households", HOUSE, row.id), ("persons", PERSON, None))
        done = [
            NewAction(list_name, one, "update", properties=place, import_id=import_id)
            for list_name, one, import_id in several
        ]
        actions.act(session, 1, "test", done)
        _plan(session)
        rate = {"events": 30, "tried": 80, "expected": 6.0, "ratio": 5.0, "p": 0.0, "q": 0.0}
        rate["smoothed"] = 0.3
        _draw(session, here)
        session.add(
            RegisterSignOff(
                project_id=1,
                township_code=AREA_MAP,
                round_name="秋季",
                signed_by="高川乡长",
                office="",
                note="",
                figures=[[VILLAGE, "高川", 80, 200, "register", ""]],
                digest="0" * 64,
                at=RECEIVED_AT,
                who="test",
            )
        )
        session.execute(
            insert(VillageRate),
            {"indicator": "found", "village_code": VILLAGE, "verdict": "unusual", **rate},
        )
    told = {**rate, "low": 2, "high": 11}
    bring(site, a_signal(*TASK, figures=told))
    office = browser_of(site, "office", [OWN_AREA])
    made = office.post(
        "/screening",
        {
            "title": "秋季",
            "hospital": "县医院",
            "starts_on": "2026-12-01",
            "ends_on": "2026-12-05",
            "area": OWN_AREA,
        },
    )
    assert made.status_code == 303, made.text
    content = BytesIO(tile_maps.write_map(folder / "county.mbtiles").read_bytes())
    brought = office.post(
        "/basemaps/new",
        {"area": AREA_MAP, "name": MAP_NAME, "file": (content, "county.mbtiles")},
        content_type="multipart/form-data",
    )
    assert brought.status_code == 303, brought.text
