"""Accounts, their roles and areas, and the journal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, Missing, NotValid
from server.survey import account_areas, accounts, journal
from server.survey.accounts import RIGHTS, Right, Role
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.journal import JournalFilter
from server.survey.site import Site
from server.tables.reference import Division, Village
from server.tables.truth import Account, JournalEntry
from tests.bare import bare_site

COUNTY = "130921000000"
TOWNSHIP = "130921211000"
NEIGHBOUR = "130922000000"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def site(database_url: str, tmp_path: Path) -> Iterator[Site]:
    with bare_site(tmp_path / "site", database_url) as opened:
        yield opened


@pytest.fixture
def writing(site: Site) -> Iterator[Session]:
    with writing_session(site.engine) as opened:
        yield opened


def add(session: Session, name: str, *areas: str, role: Role = Role.WORKER) -> int:
    return accounts.add(session, name, role, areas or ("",), WHOLE_SITE).id


def add_division(session: Session, code: str, name: str, level: str) -> None:
    session.add(
        Division(code=code, name=name, level=level, stem=code.rstrip("0"), parent_code=None)
    )


def add_village(session: Session, code: str, name: str) -> None:
    session.add(Village(code=code, name=name, township_code=TOWNSHIP, kind="village"))


def register(session: Session) -> None:
    add_division(session, COUNTY, "沧县", "county")
    add_division(session, TOWNSHIP, "高川乡", "township")
    add_village(session, "130921211201", "东高川村")
    add_village(session, "130921211202", "西高川村")
    add_village(session, "130921211203", "小李庄")
    add_village(session, "130921211204", "小李庄")
    session.flush()


def note_at(session: Session, at: datetime, who: str = "王芳", action: str = "seen") -> None:
    journal.note(session, who, action, "person 1", {"count": 1}, "10.0.0.1")
    session.flush()
    session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first().at = at  # type: ignore[union-attr]
    session.flush()


def test_no_role_but_the_office_and_the_hospital_reveals_persons() -> None:
    revealing = {role for role in Role if Right.REVEAL_PERSONS in RIGHTS[role]}

    assert revealing == {Role.OFFICE, Role.HOSPITAL}


def test_who_runs_the_site_sees_no_person() -> None:
    personal = {Right.SEE_PERSONS, Right.SEE_SENSITIVE, Right.REVEAL_PERSONS, Right.SEE_BATCHES}

    assert not personal & RIGHTS[Role.ADMIN]
    assert not personal & RIGHTS[Role.AUDITOR]


def test_an_account_sees_its_areas_and_all_below(writing: Session) -> None:
    account_id = add(writing, "王芳", TOWNSHIP, NEIGHBOUR)

    known = accounts.signed_in(writing, account_id, 0)

    assert known is not None
    assert known.scope.covers("130921211201")
    assert known.scope.covers("130922101001")
    assert not known.scope.covers("130921212201")


def test_a_name_is_kept_as_it_is_meant(writing: Session) -> None:
    account_id = add(writing, "  王芳２ ")

    assert accounts.find(writing, account_id, WHOLE_SITE).name == "王芳2"
    assert accounts.find_named(writing, "王芳２").id == account_id


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "a\nb", "a\x00b", "a\u202eb"])
def test_a_name_that_cannot_be_read_is_refused(writing: Session, name: str) -> None:
    with pytest.raises(NotValid):
        add(writing, name)


def test_a_name_stands_for_one_account(writing: Session) -> None:
    add(writing, "王芳")

    with pytest.raises(NotValid, match="exists already"):
        add(writing, "王芳")


def test_nobody_gives_away_areas_he_does_not_have(writing: Session) -> None:
    mine = Scope.of([TOWNSHIP])

    for areas in ([COUNTY], [""], [TOWNSHIP, NEIGHBOUR]):
        with pytest.raises(NotValid, match="areas that are your own"):
            accounts.add(writing, "李四", Role.WORKER, areas, mine)
    with pytest.raises(NotValid, match="at least one area"):
        accounts.add(writing, "李四", Role.WORKER, [], mine)


def test_accounts_of_other_areas_are_not_there(writing: Session) -> None:
    mine = Scope.of([COUNTY])
    near, far = add(writing, "近", TOWNSHIP), add(writing, "远", NEIGHBOUR)
    both = add(writing, "跨", TOWNSHIP, NEIGHBOUR)

    listed = [one.name for one in accounts.account_list(writing, mine)]

    assert listed == ["近"]
    assert accounts.find(writing, near, mine).areas == (TOWNSHIP,)
    for other in (far, both):
        with pytest.raises(Missing):
            accounts.find(writing, other, mine)
        with pytest.raises(Missing):
            accounts.disable(writing, other, mine)


def test_another_role_holds_at_once(writing: Session) -> None:
    account_id = add(writing, "王芳")

    accounts.change(writing, account_id, Role.OFFICE, [COUNTY], WHOLE_SITE)

    assert accounts.signed_in(writing, account_id, 0) is None
    known = accounts.signed_in(writing, account_id, 1)
    assert known is not None
    assert (known.role, known.scope) == (Role.OFFICE, Scope.of([COUNTY]))


def test_a_disabled_account_is_out_and_can_come_back(writing: Session) -> None:
    account_id = add(writing, "王芳")

    assert accounts.disable(writing, account_id, WHOLE_SITE).state == "disabled"
    assert accounts.signed_in(writing, account_id, 1) is None
    assert accounts.enable(writing, account_id, WHOLE_SITE).state == "invited"
    assert accounts.signed_in(writing, account_id, 1) is not None


def test_the_last_administrator_stays(writing: Session) -> None:
    (admin,) = writing.scalars(select(Account)).all()

    with pytest.raises(Conflict):
        accounts.disable(writing, admin.id, WHOLE_SITE)
    with pytest.raises(Conflict):
        accounts.change(writing, admin.id, Role.OFFICE, [""], WHOLE_SITE)
    add(writing, "王芳", role=Role.ADMIN)
    assert accounts.disable(writing, admin.id, WHOLE_SITE).state == "disabled"


def test_an_area_may_be_named_before_there_is_a_register(writing: Session) -> None:
    assert account_areas.chosen(writing, "130921").code == COUNTY
    assert account_areas.chosen(writing, "130921211").code == TOWNSHIP
    assert account_areas.chosen(writing, "*").code == ""
    with pytest.raises(NotValid, match="The register is empty"):
        account_areas.chosen(writing, "高川乡")


def test_an_area_is_found_by_code_or_name(writing: Session) -> None:
    register(writing)

    for wanted, code in [
        ("130921", COUNTY),
        ("高川乡", TOWNSHIP),
        ("130921211201", "130921211201"),
        (" 东高川村 ", "130921211201"),
        ("全站", ""),
    ]:
        assert account_areas.chosen(writing, wanted).code == code


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        ("130921211205", "小李庄 130921211204"),
        ("130999", "沧县 130921000000"),
        ("高川镇", "高川乡 130921211000"),
        ("小李庄", "Give the code"),
        ("x", "has no area x."),
        ("990000", "has no area 990000."),
    ],
)
def test_an_unknown_area_is_refused_with_what_is_close(
    writing: Session, wanted: str, near: str
) -> None:
    register(writing)

    with pytest.raises(NotValid) as refused:
        account_areas.chosen(writing, wanted)

    assert refused.value.field == "areas"
    assert near in str(refused.value)


def test_the_journal_is_read_by_who_what_and_day(writing: Session) -> None:
    # 22 November in Shanghai begins at 16:00 UTC of the 21st.
    note_at(writing, datetime(2026, 11, 21, 15, 59, tzinfo=UTC))
    note_at(writing, datetime(2026, 11, 21, 16, 0, tzinfo=UTC), action="taken")
    note_at(writing, datetime(2026, 11, 22, 15, 59, tzinfo=UTC), who="李四")

    def found(**wanted: object) -> list[tuple[str, str]]:
        page = journal.read(writing, JournalFilter(**wanted), SHANGHAI)  # type: ignore[arg-type]
        return [(one.who, one.action) for one in page.entries]

    assert found() == [("李四", "seen"), ("王芳", "taken"), ("王芳", "seen")]
    assert found(who="王芳") == [("王芳", "taken"), ("王芳", "seen")]
    assert found(action="taken") == [("王芳", "taken")]
    assert found(day=date(2026, 11, 22)) == [("李四", "seen"), ("王芳", "taken")]
    assert journal.actions(writing) == ["seen", "taken"]


def test_the_journal_has_pages_and_may_be_limited_to_people(writing: Session) -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    for minute in range(120):
        note_at(writing, start + timedelta(minutes=minute), who="王芳" if minute % 2 else "李四")

    first = journal.read(writing, JournalFilter(), SHANGHAI)
    second = journal.read(writing, JournalFilter(), SHANGHAI, before=first.older)
    last = journal.read(writing, JournalFilter(), SHANGHAI, before=second.older)
    one_s = journal.read(writing, JournalFilter(), SHANGHAI, names=["王芳"])

    assert [len(one.entries) for one in (first, second, last)] == [50, 50, 20]
    assert last.older is None
    assert first.entries[-1].id > second.entries[0].id
    assert {one.who for one in one_s.entries} == {"王芳"}
