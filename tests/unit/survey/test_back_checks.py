"""Interviews held a second time: drawn by a seed, asked by somebody else, and compared."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, Missing, NotValid
from server.survey import bin as the_bin
from server.survey import deliveries, form_versions, phones, purging, replay
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.back_checks import draws, entries, rates
from server.survey.first_run import PROJECT
from server.survey.quality import thresholds
from server.survey.site import Site
from server.tables.back_checks import BackCheckEntry
from server.tables.projections import BackCheckAnswer, DayTally, Household, Visit
from server.tables.signals import Signal
from tests.back_check_site import NOW, a_wish, an_interview, draw, second_xml, send, two_workers
from tests.builders import NEXT_VILLAGE, VILLAGE


def listed(site: Site, phone: int) -> list[dict[str, str]]:
    with site.engine.connect() as connection:
        text = entries.list_csv(connection, phone).decode()
    return [*csv.DictReader(io.StringIO(text))]


def worked_out(site: Site) -> dict[tuple[str, str], Signal]:
    with Session(site.engine) as session:
        chosen = thresholds.current(session)
    rates.work_out(site, chosen, NOW)
    with Session(site.engine) as session:
        return {(one.subject, one.indicator): one for one in session.scalars(select(Signal))}


def test_each_workers_households_go_to_the_other_worker(site: Site) -> None:
    first, second = two_workers(site)

    drawn = draw(site)

    assert sorted((one.first_phone_id, one.phone_id) for one in drawn) == [
        *[(first, second)] * 4,
        *[(second, first)] * 4,
    ]


def test_the_same_seed_draws_the_same_households_and_another_seed_others(site: Site) -> None:
    two_workers(site)

    with Session(site.engine) as session:
        several = [
            {one.household_id for one in draws.plan(session, PROJECT, wish, WHOLE_SITE).chosen}
            for wish in (a_wish(), a_wish(), a_wish(seed=8))
        ]

    assert several[0] == several[1] != several[2]


def test_a_second_draw_leaves_out_who_was_drawn_before(site: Site) -> None:
    two_workers(site)
    before = {one.household_id for one in draw(site)}

    with Session(site.engine) as session:
        planned = draws.plan(session, PROJECT, a_wish(seed=8), WHOLE_SITE)

    assert before.isdisjoint(one.household_id for one in planned.chosen)
    assert planned.before == 8


def test_the_list_says_where_to_go_and_whom_to_ask_and_no_answer(site: Site) -> None:
    first, second = two_workers(site)
    mine = [one for one in draw(site) if one.phone_id == second]

    rows = listed(site, second)

    assert [row["name"] for row in rows] == [one.entity_id for one in mine]
    assert rows[0]["label"].startswith("北街村 Hp")
    assert rows[0]["pname"].startswith(f"王p{first}h")
    assert rows[0]["geometry"] == "38.1 116.9 0 10"
    assert "1970" not in "".join(rows[0].values())
    assert {*rows[0]} == {"name", "label", "__version", *entries.COLUMNS}


def test_the_form_comes_with_the_first_draw_and_brings_the_list(site: Site) -> None:
    _, second = two_workers(site)
    with Session(site.engine) as session:
        before = {one.form_id for one in form_versions.listed_forms(session, PROJECT)}

    draw(site)

    with Session(site.engine) as session:
        (version,) = (
            one for one in form_versions.listed_forms(session, PROJECT) if one.form_id not in before
        )
        (found,) = deliveries.beside(session, version, (NEXT_VILLAGE,), second)
    assert (version.form_id, found.name) == ("back_check", "backchecks.csv")
    assert found.content.count(b"\n") == 5


def test_who_was_met_leaves_the_list_and_who_was_out_stays(site: Site) -> None:
    _, second = two_workers(site)
    mine = [one for one in draw(site) if one.phone_id == second]

    send(site, second_xml(mine[0]), second)
    send(site, second_xml(mine[1], outcome="absent"), second)
    send(site, second_xml(mine[2], outcome="refused"), second)

    assert {row["name"] for row in listed(site, second)} == {mine[1].entity_id, mine[3].entity_id}
    with Session(site.engine) as session:
        assert entries.states(session, PROJECT, Scope.of([VILLAGE])) == {
            "met": 1,
            "waiting": 2,
            "ended": 1,
        }


def test_a_second_interview_changes_no_household_and_is_no_day_of_work(site: Site) -> None:
    _, second = two_workers(site)
    with Session(site.engine) as session:
        before = [(one.id, one.visits, one.size) for one in session.scalars(select(Household))]
        days = session.execute(select(DayTally.village_code, DayTally.submissions)).all()
    entry = next(one for one in draw(site) if one.phone_id == second)

    number = send(site, second_xml(entry, hh_size="5"), second)

    with Session(site.engine) as session:
        assert before == [
            (one.id, one.visits, one.size) for one in session.scalars(select(Household))
        ]
        assert days == session.execute(select(DayTally.village_code, DayTally.submissions)).all()
        visit = session.get_one(Visit, number)
    assert (visit.outcome, visit.household_id, visit.village_code) == ("back_check", None, VILLAGE)


def test_both_answers_stand_side_by_side(site: Site) -> None:
    _, second = two_workers(site)
    entry = next(one for one in draw(site) if one.phone_id == second)
    send(site, second_xml(entry, hh_size="5", birth_year="1971"), second)

    with Session(site.engine) as session:
        line = entries.one(session, entry.id, WHOLE_SITE)

    assert [(one.question.name, one.first, one.second) for one in line.differing] == [
        ("household.size", "2", "5")
    ]
    assert line.state == "met"


def test_answers_that_differ_too_often_are_worth_a_talk(site: Site) -> None:
    first, second = two_workers(site, households=12)
    for number, entry in enumerate(draw(site, least=12)):
        told = {"hh_size": "3"} if entry.phone_id == second and number % 3 == 0 else {}
        send(site, second_xml(entry, **told), entry.phone_id)

    found = worked_out(site)

    size = found[str(first), "household.size"]
    assert (size.verdict, size.figures["differing"], size.figures["tried"]) == ("flag", 4, 12)
    assert size.figures["mean"] == pytest.approx(4 / 12)
    assert found[str(second), "household.size"].verdict == "usual"
    assert found[str(first), "person.sex"].verdict == "usual"


def test_few_answers_say_nothing_of_a_worker(site: Site) -> None:
    two_workers(site)
    for entry in draw(site):
        send(site, second_xml(entry, hh_size="3"), entry.phone_id)

    assert {one.verdict for one in worked_out(site).values()} == {"too_few"}


def test_the_worker_himself_cannot_answer_for_another(site: Site) -> None:
    two_workers(site)
    for entry in draw(site, least=12):
        send(site, second_xml(entry), entry.first_phone_id)

    assert worked_out(site) == {}


def test_a_correction_after_the_draw_does_not_undo_what_differed(site: Site) -> None:
    first, second = two_workers(site)
    entry = next(one for one in draw(site) if one.phone_id == second)
    send(site, second_xml(entry, hh_size="3"), second)
    number = entry.root_instance_id.rpartition("h")[2]
    from_desk = an_edit(first, int(number))
    send(site, from_desk, first)

    with Session(site.engine) as session:
        line = entries.one(session, entry.id, WHOLE_SITE)

    assert [one.question.name for one in line.differing] == ["household.size"]


def an_edit(phone: int, number: int) -> bytes:
    told = f"uuid:p{phone}h{number}"
    xml = an_interview(phone, VILLAGE, number, deprecated=told)
    return xml.replace(b"<orx:instanceID>" + told.encode(), b"<orx:instanceID>uuid:edit")


def test_what_is_wiped_out_leaves_no_copy_of_its_answers(site: Site) -> None:
    _, second = two_workers(site)
    entry = next(one for one in draw(site) if one.phone_id == second)
    with writing_session(site.engine) as session:
        line = entries.one(session, entry.id, WHOLE_SITE)
        assert line.first_submission_id is not None
        the_bin.lay_in(session, line.first_submission_id, WHOLE_SITE, "wrong", "office")
    replay.catch_up(site)

    with writing_session(site.engine) as session:
        purging.purge(session, line.first_submission_id, WHOLE_SITE, "asked for", "office")

    with Session(site.engine) as session:
        assert session.get(BackCheckEntry, entry.id) is None


def test_an_entry_goes_to_another_phone_but_not_to_the_first(site: Site) -> None:
    first, second = two_workers(site)
    with writing_session(site.engine) as session:
        third = phones.add_phone(session, PROJECT, "third", [VILLAGE], WHOLE_SITE).id
    entry = next(one for one in draw(site) if one.first_phone_id == first)

    with writing_session(site.engine) as session:
        entries.give(session, entry.id, second, WHOLE_SITE)
        with pytest.raises(NotValid, match="Somebody else"):
            entries.give(session, entry.id, first, WHOLE_SITE)
        entries.give(session, entry.id, third, WHOLE_SITE)

    assert entry.entity_id in {row["name"] for row in listed(site, third)}


def test_what_is_taken_back_leaves_the_phone_and_cannot_be_taken_back_twice(site: Site) -> None:
    _, second = two_workers(site)
    entry = next(one for one in draw(site) if one.phone_id == second)

    with writing_session(site.engine) as session:
        entries.withdraw(session, entry.id, WHOLE_SITE, "office", NOW)
        with pytest.raises(Conflict):
            entries.withdraw(session, entry.id, WHOLE_SITE, "office", NOW)

    assert entry.entity_id not in {row["name"] for row in listed(site, second)}


def test_another_area_sees_nothing_of_it(site: Site) -> None:
    two_workers(site)
    (entry, *_rest) = draw(site)
    elsewhere = Scope.of(["532301"])

    with Session(site.engine) as session:
        assert entries.draws(session, PROJECT, elsewhere) == []
        with pytest.raises(Missing):
            entries.one(session, entry.id, elsewhere)
        with pytest.raises(Missing):
            entries.draw(session, entry.draw_id, elsewhere)


def test_what_cannot_be_drawn_is_said(site: Site) -> None:
    two_workers(site, households=1)
    wrong: list[dict[str, object]] = [
        {"share": 0.0},
        {"share": 0.9},
        {"stratum": "phase"},
        {"starts_on": date(2026, 12, 1)},
        {"starts_on": date(2026, 10, 1), "ends_on": date(2026, 10, 2)},
        {"phone_id": 99},
        {"seed": -1},
    ]

    with Session(site.engine) as session:
        for one in wrong:
            with pytest.raises(NotValid):
                draws.plan(session, PROJECT, a_wish(**one), WHOLE_SITE)


def test_a_second_interview_can_be_edited_and_comes_out_of_a_rebuild_the_same(site: Site) -> None:
    _, second = two_workers(site)
    entry = next(one for one in draw(site) if one.phone_id == second)
    send(site, second_xml(entry, hh_size="5"), second)
    edit = second_xml(entry, instance="uuid:mended").replace(
        b"<orx:instanceID>uuid:mended</orx:instanceID>",
        b"<orx:instanceID>uuid:mended</orx:instanceID>"
        + f"<orx:deprecatedID>uuid:again-{entry.id}-2026-11-21</orx:deprecatedID>".encode(),
    )
    send(site, edit, second)
    before = told_of(site, entry.id)

    replay.rebuild(site)

    assert before[0] == ()
    assert told_of(site, entry.id) == before


def told_of(site: Site, entry_id: int) -> tuple[object, ...]:
    with Session(site.engine) as session:
        line = entries.one(session, entry_id, WHOLE_SITE)
        answers = select(BackCheckAnswer.submission_id, BackCheckAnswer.said)
        return line.differing, line.state, [tuple(one) for one in session.execute(answers)]


def test_a_household_that_knows_of_no_visit_is_a_task_of_its_own(site: Site) -> None:
    _, second = two_workers(site)
    mine = [one for one in draw(site) if one.phone_id == second][:2]
    send(site, second_xml(mine[0], visited="no"), second)
    send(site, second_xml(mine[1], visited="unk"), second)

    found = [one for one in worked_out(site).values() if one.check == rates.NOT_VISITED]

    (signal,) = found
    assert (signal.subject, signal.family) == (mine[0].root_instance_id, "record")
    assert (signal.verdict, signal.village_code) == ("flag", VILLAGE)
    assert signal.figures == {"entry": mine[0].id, "first": "2026-11-20", "again": "2026-11-21"}
