"""Fills an empty site: register, phones, accounts, sixty days of submissions, two batches."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict
from server.survey import (
    accounts,
    batches,
    credentials,
    crew,
    files,
    first_run,
    intake,
    phones,
    screening,
)
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE
from server.survey.batches import Recipe
from server.survey.demo import pictures, places, waves
from server.survey.demo.diary import Worker
from server.survey.demo.faults import PLANTED
from server.survey.demo.fieldwork import Fieldwork, Ground
from server.survey.demo.people import a_name, stream
from server.survey.demo.places import Plan
from server.survey.first_run import PROJECT
from server.survey.phones import NewPhone
from server.survey.registry import apply, reading, sample
from server.survey.registry.plan import plan_import
from server.survey.registry.units import ImportOptions
from server.survey.screening import Filters
from server.survey.site import Site
from server.tables.reference import Clinic
from server.tables.truth import FormVersion, Submission

WHO = "demo"
FEWEST_HOUSEHOLDS = 20
_HOSPITAL = "沧县医院"
_COUNTY = sample.GAOCHUAN[:6]


@dataclass(frozen=True, slots=True)
class Login:
    """An account of the demo; the password is told once."""

    name: str
    role: str
    area: str
    password: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site ready to be filled: who may sign in, whose phones there are, what they will do."""

    logins: tuple[Login, ...]
    phones: tuple[NewPhone, ...]
    fieldwork: Fieldwork
    today: date


@dataclass(frozen=True, slots=True)
class Progress:
    """One step: households begun and submissions kept since the last."""

    households: int
    submissions: int


def prepare(site: Site, households: int, seed: int, now: datetime) -> Prepared:
    """Bring in the register, phones and accounts. `now` is aware; the visits end two days before.

    Raises Conflict for a site that holds submissions already, or accounts of the demo's names.
    """
    today = now.astimezone(site.settings.zone).date()
    _refuse_filled(site)
    first = first_run.prepare(site)
    photos = _photos(site)
    with writing_session(site.engine) as session:
        plan = _register(session, households - len(PLANTED), seed, today)
        waves.set_plan(session, plan, today, WHO, now)
        made, workers = _phones(session, plan, seed)
        logins = _accounts(session, plan, has_new_admin=first.link_token is not None)
        ground = Ground(
            plan=plan,
            workers=workers[:-1],
            auditor=workers[-1],
            clinics=dict(session.execute(select(Clinic.code, Clinic.id)).all()),
            versions=_versions(session),
            photos=photos,
            zone=site.settings.zone,
            today=today,
            seed=seed,
        )
    return Prepared(tuple(logins), tuple(made), Fieldwork(ground), today)


def send(site: Site, prepared: Prepared) -> Iterator[Progress]:
    """Send everything through the intake, the oldest day first, and make the two batches."""
    day = prepared.today
    for worked in prepared.fieldwork.days():
        households = worked.households
        for _ in intake.receive_many(site, worked.uploads):
            yield Progress(households, 1)
            households = 0
        if worked.ends_half and worked.uploads:
            _make_batch(site, "秋季救治", day - timedelta(days=60), worked.uploads[-1].received_at)
    _make_batch(
        site, "冬季救治", day, datetime.combine(day, datetime.min.time(), site.settings.zone)
    )


def _refuse_filled(site: Site) -> None:
    with Session(site.engine) as session:
        count = session.scalar(select(func.count()).select_from(Submission)) or 0
    if count:
        raise Conflict(
            "This site holds %(count)s submissions already. A demo needs an empty one: "
            "give another folder with --data.",
            count=count,
        )


def _register(session: Session, households: int, seed: int, today: date) -> Plan:
    """Import the real villages with invented figures and positions, and a clinic for each."""
    sample.import_sample(session, WHO, sample.GAOCHUAN)
    known = reading.villages(session, WHOLE_SITE.within(sample.GAOCHUAN))
    villages = sorted((village.code, village.name) for village in known)
    plan = places.plan_places(villages, households, seed)
    told_on = today.replace(month=1, day=1).isoformat()
    _import(session, "demo_villages.csv", places.villages_csv(plan.places, told_on), "villages")
    _import(session, "demo_clinics.csv", places.clinics_csv(plan.places), "clinics")
    return plan


def _import(session: Session, name: str, content: bytes, kind: str) -> None:
    planned = plan_import(session, content, name, ImportOptions(kind=kind))
    if planned.changes or planned.faults:
        apply.apply_import(session, planned, WHO)


def _phones(session: Session, plan: Plan, seed: int) -> tuple[list[NewPhone], list[Worker]]:
    """Add a phone for each worker with his villages, and last one for the auditors."""
    random = stream(seed, "workers")
    served: dict[int, list[str]] = {}
    for place in plan.places:
        served.setdefault(place.worker, []).append(place.code)
    everywhere = [place.code for place in plan.places]
    made: list[NewPhone] = []
    workers: list[Worker] = []
    for villages in [*(served[number] for number in sorted(served)), everywhere]:
        is_auditor = villages is everywhere
        name = "核查一组" if is_auditor else a_name(random, random.choice(("male", "female")))
        phone = phones.add_phone(session, PROJECT, name, villages, WHOLE_SITE)
        # No network gives out numbers that begin with 100: nobody is called by a demo.
        crew.keep_telephone(session, phone.id, f"1000000{len(made):04}", WHOLE_SITE)
        device = f"collect:{random.getrandbits(64):016x}"
        made.append(phone)
        workers.append(Worker(name, device, phone.id))
    return made, workers


def _accounts(session: Session, plan: Plan, *, has_new_admin: bool) -> list[Login]:
    """Add an account of each role; the site's first administrator gets a password."""
    village = plan.many_sick.code
    wanted = [
        ("demo-office", Role.OFFICE, _COUNTY),
        ("demo-hospital", Role.HOSPITAL, _COUNTY),
        ("demo-supervisor", Role.SUPERVISOR, sample.GAOCHUAN),
        ("demo-auditor", Role.AUDITOR, sample.GAOCHUAN),
        ("demo-worker", Role.WORKER, village),
    ]
    logins = []
    if has_new_admin:
        admin = accounts.find_named(session, credentials.FIRST_NAME)
        logins.append(_login(session, admin.id, admin.name, Role.ADMIN, ""))
    for name, role, area in wanted:
        added = accounts.add(session, name, role, [area], WHOLE_SITE)
        logins.append(_login(session, added.id, name, role, area))
    return logins


def _login(session: Session, account_id: int, name: str, role: Role, area: str) -> Login:
    password = secrets.token_urlsafe(9)
    credentials.set_password(session, account_id, password)
    return Login(name, role.value, area, password)


def _versions(session: Session) -> Mapping[str, str]:
    """Return the newest version of each form."""
    rows = session.execute(
        select(FormVersion.form_id, func.max(FormVersion.version))
        .where(FormVersion.project_id == PROJECT)
        .group_by(FormVersion.form_id)
    )
    return dict(rows.all())


def _make_batch(site: Site, title: str, starts_on: date, now: datetime) -> None:
    """Make a batch of whom the intake has found so far; none where nobody was found."""
    # Of the township, so that its county's office and hospital see it (roles: by area).
    filters = Filters(area=sample.GAOCHUAN)
    recipe = Recipe(title, _HOSPITAL, starts_on, starts_on + timedelta(days=90), filters)
    with writing_session(site.engine) as session:
        if screening.count(session, WHOLE_SITE, recipe.filters, may_see_sensitive=True):
            batches.make(session, WHOLE_SITE, recipe, PROJECT, WHO, now)


def _photos(site: Site) -> tuple[files.KeptFile, files.KeptFile, files.KeptFile]:
    """Keep three small drawn pictures: a house, a paper, a signature."""
    folder = site.settings.files
    return (
        files.keep(folder, "front.png", pictures.house()),
        files.keep(folder, "paper.png", pictures.paper()),
        files.keep(folder, "signature.png", pictures.signature()),
    )
