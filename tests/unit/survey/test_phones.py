"""Workers' phones: ways in, villages, who may change them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from server.database import Base, open_engine
from server.errors import Missing, NotAllowed, NotValid
from server.survey import phone_villages, phones
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.phone_villages import VillageName
from server.tables.projections import Visit
from server.tables.reference import Division, Village
from server.tables.truth import Account, Phone, Project, Submission

GAOCHUAN = "130921211"
LUHE = "532301103"
CLEAR_WATER = f"{GAOCHUAN}201"
EAST = f"{GAOCHUAN}202"
FAR = f"{LUHE}201"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine.execution_options(is_writing=True)) as opened:
        opened.add_all([Project(id=1, name="1"), Project(id=2, name="2")])
        for code, name in ((GAOCHUAN, "高川乡"), (LUHE, "吕合镇")):
            opened.add(a_township(code, name))
        for code, name in ((CLEAR_WATER, "清水村"), (EAST, "东村"), (FAR, "远村")):
            opened.add(a_village(code, name))
        opened.flush()
        yield opened
        opened.rollback()
    engine.dispose()


def a_township(stem: str, name: str) -> Division:
    return Division(code=f"{stem}000", name=name, level="township", stem=stem)


def a_village(code: str, name: str) -> Village:
    return Village(code=code, name=name, township_code=f"{code[:9]}000")


def add(
    session: Session, name: str = "Amina", villages: tuple[str, ...] = (CLEAR_WATER,)
) -> phones.NewPhone:
    return phones.add_phone(session, 1, name, villages, WHOLE_SITE)


def asked(session: Session) -> Connection:
    session.flush()
    return session.connection()


def test_a_new_phone_comes_in_by_its_token(session: Session) -> None:
    made = add(session)

    known = phones.by_token(asked(session), made.token)

    assert re.fullmatch(r"[A-Za-z0-9!$]{64}", made.token)
    assert known == phones.KnownPhone(made.id, 1, "Amina", is_revoked=False, language=None)


def test_only_hashes_of_the_ways_in_are_kept(session: Session) -> None:
    made = add(session)

    kept = session.get_one(Phone, made.id)

    written = {str(value) for value in vars(kept).values()}
    assert not {made.token, made.digest_password} & written
    assert kept.token_sha256 == hashlib.sha256(made.token.encode()).hexdigest()


def test_the_digest_password_is_plain_ascii_and_checks_against_the_kept_hash(
    session: Session,
) -> None:
    made = add(session)

    found = phones.by_digest_name(asked(session), made.digest_name)

    text = f"{made.digest_name}:doorstep:{made.digest_password}"
    assert text.isascii()
    assert found is not None
    assert found[0].id == made.id
    assert found[1] == hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize("token", ["", "x" * 64, "汉字", "a\x00b"])
def test_a_token_nobody_was_given_is_nobodys(session: Session, token: str) -> None:
    add(session)

    assert phones.by_token(asked(session), token) is None


def test_a_revoked_phone_is_known_as_revoked_at_once(session: Session) -> None:
    made = add(session)

    phones.revoke(session, made.id, WHOLE_SITE)

    known = phones.by_token(asked(session), made.token)
    assert known is not None
    assert known.is_revoked


def test_new_ways_in_end_the_old_ones_and_bring_a_revoked_phone_back(session: Session) -> None:
    made = add(session)
    phones.revoke(session, made.id, WHOLE_SITE)

    renewed = phones.rotate(session, made.id, WHOLE_SITE)

    known = phones.by_token(asked(session), renewed.token)
    assert known is not None
    assert not known.is_revoked
    assert phones.by_token(asked(session), made.token) is None
    assert phones.by_digest_name(asked(session), made.digest_name) is None


def test_a_phone_speaks_the_language_of_its_account(session: Session) -> None:
    session.add(
        Account(id=7, name="li", role="worker", password_hash="", language="en", created_at=NOW)
    )
    session.flush()
    made = add(session)

    phones.link_account(session, made.id, 7, WHOLE_SITE)

    known = phones.by_token(asked(session), made.token)
    assert known is not None
    assert known.language == "en"
    assert phones.find(session, made.id, WHOLE_SITE).account == "li"


def test_a_phone_serves_several_villages(session: Session) -> None:
    made = add(session, villages=(EAST, CLEAR_WATER, EAST, f" {EAST} "))

    assert phones.villages_of(asked(session), made.id) == (CLEAR_WATER, EAST)


def test_other_villages_take_the_place_of_the_former(session: Session) -> None:
    made = add(session, villages=(CLEAR_WATER, EAST))

    phones.assign_villages(session, made.id, [FAR, EAST], WHOLE_SITE)

    assert phones.villages_of(asked(session), made.id) == (EAST, FAR)


@pytest.mark.parametrize(
    ("code", "near"),
    [("130921211209", CLEAR_WATER), ("13092121120", CLEAR_WATER), ("东村", EAST)],
)
def test_an_unknown_village_is_refused_with_what_comes_near(
    session: Session, code: str, near: str
) -> None:
    with pytest.raises(NotValid, match=code) as refused:
        add(session, villages=(code,))

    assert near in str(refused.value)


def test_nothing_near_is_not_made_up(session: Session) -> None:
    with pytest.raises(NotValid) as refused:
        add(session, villages=("999999999999",))

    assert str(refused.value) == "There is no village 999999999999 here."


def test_a_village_outside_the_scope_is_unknown_and_not_suggested(session: Session) -> None:
    with pytest.raises(NotValid) as refused:
        phones.add_phone(session, 1, "Amina", [FAR], Scope.of([GAOCHUAN]))

    assert "远村" not in str(refused.value)


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "a\nb"])
def test_an_unusable_name_is_refused(session: Session, name: str) -> None:
    with pytest.raises(NotValid):
        add(session, name=name)


def test_a_phone_without_a_village_is_refused(session: Session) -> None:
    with pytest.raises(NotValid):
        add(session, villages=())


def test_the_list_shows_the_phones_of_the_scope_and_revoked_ones_last(session: Session) -> None:
    revoked = add(session, "Aba")
    add(session, "Bo", villages=(CLEAR_WATER, FAR))
    add(session, "Chen", villages=(EAST,))
    add(session, "Dorji", villages=(FAR,))
    phones.revoke(session, revoked.id, WHOLE_SITE)

    lines = phones.phone_list(session, 1, Scope.of([GAOCHUAN]))

    assert [line.name for line in lines] == ["Bo", "Chen", "Aba"]
    assert lines[0].villages == (VillageName(CLEAR_WATER, "清水村"), VillageName(FAR, "远村"))
    assert phones.phone_list(session, 2, WHOLE_SITE) == []


def test_the_list_shows_when_a_phone_last_sent_something(session: Session) -> None:
    made = add(session)
    for number, day in ((1, 3), (2, 9), (3, 5)):
        session.add(a_submission(number, made.id, NOW.replace(day=day)))
        session.add(a_visit(number, made.id, date(2026, 11, day)))
    session.flush()

    (line,) = phones.phone_list(session, 1, WHOLE_SITE)

    assert line.last_submission_at == NOW.replace(day=9)


def test_who_has_only_some_of_its_villages_sees_a_phone_but_cannot_change_it(
    session: Session,
) -> None:
    made = add(session, villages=(CLEAR_WATER, FAR))
    some = Scope.of([GAOCHUAN])

    seen = phones.find(session, made.id, some)

    assert seen.name == "Amina"
    with pytest.raises(NotAllowed):
        phones.revoke(session, made.id, some)
    with pytest.raises(NotAllowed):
        phones.rotate(session, made.id, some)
    with pytest.raises(NotAllowed):
        phones.assign_villages(session, made.id, [CLEAR_WATER], some)


def test_a_phone_of_other_villages_does_not_exist_for_the_reader(session: Session) -> None:
    made = add(session, villages=(FAR,))

    with pytest.raises(Missing):
        phones.revoke(session, made.id, Scope.of([GAOCHUAN]))


def test_a_phone_is_found_by_name_or_number(session: Session) -> None:
    made = add(session, "Amina")

    by_name = phones.find_named(session, 1, "Amina", WHOLE_SITE)
    by_number = phones.find_named(session, 1, str(made.id), WHOLE_SITE)

    assert by_name.id == by_number.id == made.id


def test_a_name_of_several_phones_needs_the_number(session: Session) -> None:
    first, second = add(session, "Wang Wei"), add(session, "Wang Wei")

    with pytest.raises(NotValid, match=f"{first.id}, {second.id}"):
        phones.find_named(session, 1, "Wang Wei", WHOLE_SITE)

    phones.revoke(session, first.id, WHOLE_SITE)
    assert phones.find_named(session, 1, "Wang Wei", WHOLE_SITE).id == second.id


def test_an_unknown_name_is_missing(session: Session) -> None:
    with pytest.raises(Missing):
        phones.find_named(session, 1, "Nobody", WHOLE_SITE)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["清水村", "东村"]),
        ("清水", ["清水村"]),
        ("高川", ["清水村", "东村"]),
        (EAST[:11], ["清水村", "东村"]),
        ("吕合", []),
        ("%", []),
    ],
)
def test_villages_to_choose_from_are_searched_by_name_township_or_code(
    session: Session, text: str, found: list[str]
) -> None:
    choices = phone_villages.village_choices(session, Scope.of([GAOCHUAN]), text, [])

    assert [one.name for one in choices.villages] == found
    assert {one.township for one in choices.villages} <= {"高川乡"}


def test_chosen_villages_stay_on_the_page_whatever_is_searched(session: Session) -> None:
    choices = phone_villages.village_choices(session, WHOLE_SITE, "远", [EAST, "no such code"])

    assert [(one.name, one.is_chosen) for one in choices.villages] == [
        ("东村", True),
        ("远村", False),
    ]


def test_too_many_villages_say_that_a_search_helps(session: Session) -> None:
    session.add_all(a_village(f"{LUHE}{number}", f"村{number}") for number in range(300, 380))

    choices = phone_villages.village_choices(session, WHOLE_SITE, "", [])

    assert (len(choices.villages), choices.has_more) == (phone_villages.MOST_CHOICES, True)


def a_submission(number: int, phone_id: int, received_at: datetime) -> Submission:
    return Submission(
        id=number,
        project_id=1,
        form_id="f",
        version="1",
        instance_id=f"uuid:{number}",
        root_instance_id=f"uuid:{number}",
        xml=b"<f/>",
        sha256="",
        received_at=received_at,
        phone_id=phone_id,
        device_id="",
    )


def a_visit(number: int, phone_id: int, visited_on: date) -> Visit:
    return Visit(
        submission_id=number,
        moment="",
        form_id="f",
        village_code=CLEAR_WATER,
        visited_on=visited_on,
        phone_id=phone_id,
        worker="",
        way="",
        outcome="",
        household={},
        manner={},
        flags=0,
    )
