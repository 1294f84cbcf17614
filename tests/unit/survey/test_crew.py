"""Who works where, and under which number he is called."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from server.errors import Missing, NotValid
from server.survey import crew, phones
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.first_run import PROJECT
from server.survey.registry.sample import import_sample
from tests.builders import NEXT_VILLAGE, VILLAGE

AWAY = Scope.of(["460105"])


@pytest.fixture
def filled(session: Session) -> Session:
    import_sample(session, "test")
    return session


def added(session: Session, name: str, *villages: str) -> int:
    return phones.add_phone(session, PROJECT, name, villages or [VILLAGE], WHOLE_SITE).id


def test_a_kept_number_comes_before_one_in_the_name(filled: Session) -> None:
    added(filled, "\u738b\u82b3 138-0013-8000")
    changed = added(filled, "\u674e\u6885 138-0013-8001")
    added(filled, "Team 7")

    crew.keep_telephone(filled, changed, "+86 317 2345678", WHOLE_SITE)

    called = [(one.name, one.telephone) for one in crew.crew(filled, PROJECT, WHOLE_SITE)]
    assert called == [
        ("Team 7", ""),
        ("\u674e\u6885", "+863172345678"),
        ("\u738b\u82b3", "13800138000"),
    ]


def test_workers_are_those_of_the_readers_villages_and_not_shut_out(filled: Session) -> None:
    added(filled, "Near", VILLAGE, NEXT_VILLAGE)
    phones.revoke(filled, added(filled, "Lost"), WHOLE_SITE)

    (near,) = crew.crew(filled, PROJECT, Scope.of([VILLAGE]))

    assert (near.name, near.villages, near.sent_at) == ("Near", (VILLAGE,), None)
    assert crew.crew(filled, PROJECT, AWAY) == []
    assert crew.by_village([near]) == {VILLAGE: [near]}


def test_an_empty_number_takes_the_old_one_away(filled: Session) -> None:
    phone_id = added(filled, "Near")
    crew.keep_telephone(filled, phone_id, "13800138000", WHOLE_SITE)

    crew.keep_telephone(filled, phone_id, " ", WHOLE_SITE)

    assert crew.telephone(filled, phone_id) == ""


@pytest.mark.parametrize("typed", ["ask at the shop", "12345", "1" * 16, "138;0013", "+"])
def test_what_cannot_be_dialled_is_refused(filled: Session, typed: str) -> None:
    phone_id = added(filled, "Near")

    with pytest.raises(NotValid):
        crew.keep_telephone(filled, phone_id, typed, WHOLE_SITE)


def test_nobody_gives_a_number_to_a_phone_of_another_area(filled: Session) -> None:
    phone_id = added(filled, "Near")

    with pytest.raises(Missing):
        crew.keep_telephone(filled, phone_id, "13800138000", AWAY)
