"""Tasks: signals that ask something of a person, and what people did about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from server.database import writing, writing_session
from server.errors import Conflict, Missing, NotValid
from server.survey import accounts, credentials, task_steps, tasks
from server.survey.accounts import Role
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.quality import signals
from server.survey.site import Site
from server.survey.task_steps import Deed
from server.survey.tasks import Reader, Task, Wanted
from server.tables.tasks import CheckRun, CheckSetting
from tests.task_rows import NOTICED, NOW, VILLAGE, a_signal, bring, reader, steps

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
DEED = Deed("王主任", AT, "seen")
RATE = ("rate", VILLAGE, "found")
DIGITS = ("digits", "7", "systolic")
ELSEWHERE = Scope(("53",))


def page(session: Session, state: str = "open", who: Reader | None = None) -> list[Task]:
    """The first page of villages."""
    return list(tasks.page(session, who or reader(), Wanted("village", state)).tasks)


def close(site: Site, *keys: tasks.Key, reason: str = "confirmed") -> int:
    with writing_session(site.engine) as session:
        found = tasks.found(session, reader(), keys)
        return task_steps.close(session, found, reason, DEED)


def test_open_tasks_are_counted_by_family_and_closed_ones_are_not(site: Site) -> None:
    bring(site, a_signal(*RATE), a_signal(*DIGITS))
    bring(site, a_signal("rate", "130921211202", "found", verdict="usual"))
    close(site, RATE)

    with Session(site.engine) as session:
        assert tasks.open_counts(session, WHOLE_SITE) == {"record": 0, "worker": 1, "village": 0}
        assert set(tasks.open_counts(session, ELSEWHERE).values()) == {0}
        assert tasks.open_counts(session, WHOLE_SITE, phone_id=7)["worker"] == 1
        assert tasks.open_counts(session, WHOLE_SITE, village=VILLAGE)["worker"] == 0


def test_what_closed_stays_closed_until_its_inputs_change(site: Site) -> None:
    bring(site, a_signal(*RATE))
    close(site, RATE, reason="false_alarm")
    bring(site, a_signal(*RATE, figures={"events": 4}, compared="other villages"))
    with Session(site.engine) as session:
        (closed,) = page(session, "closed")
        is_open_before = page(session)

    bring(site, a_signal(*RATE, inputs="b"))

    assert is_open_before == []
    assert closed.closing == tasks.Closing("false_alarm", "seen", "王主任", AT)
    with Session(site.engine) as session:
        (again,) = page(session)
        assert again.is_open
    bring(site, a_signal(*RATE))
    with Session(site.engine) as session:
        assert page(session) == []  # The count is what it was when somebody closed it.


def test_who_took_it_on_keeps_it_while_its_inputs_change_and_until_it_is_closed(site: Site) -> None:
    owner(site, "王主任")
    bring(site, a_signal(*RATE))
    due_on = date(2026, 12, 1)
    with writing_session(site.engine) as session:
        task_steps.assign(session, reader(), page(session), "王主任", due_on, DEED)
    bring(site, a_signal(*RATE, inputs="b"))
    with Session(site.engine) as session:
        (carried,) = page(session)
    close(site, RATE)
    bring(site, a_signal(*RATE, inputs="c"))

    assert (carried.owner, carried.due_on) == ("王主任", due_on)
    with Session(site.engine) as session:
        (fresh,) = page(session)
        assert (fresh.owner, fresh.named_due_on) == ("", None)


def test_a_task_is_due_after_as_many_days_as_its_check_allows(site: Site) -> None:
    bring(site, a_signal(*RATE))
    with Session(site.engine) as session:
        (task,) = page(session)
    with writing(site.engine) as connection:
        chosen = {"name": "rate.due_days", "value": 2, "at": NOTICED, "who": "test"}
        connection.execute(insert(CheckSetting), chosen)

    assert task.due_on == NOTICED.date() + timedelta(days=14)
    with Session(site.engine) as session:
        (sooner,) = page(session)
        assert sooner.due_on == NOTICED.date() + timedelta(days=2)
        assert [one.key for one in page(session, "late")] == [sooner.key]


def test_days_are_those_of_the_sites_calendar(site: Site) -> None:
    early = datetime(2026, 11, 2, 16, 30, tzinfo=UTC)
    bring(site, a_signal(*RATE, noticed_at=early))

    with Session(site.engine) as session:
        (task,) = page(session)
        abroad = replace(reader(), now=AT)
        (elsewhere,) = tasks.page(session, abroad, Wanted("village")).tasks
        task_steps.close(session, [task], "explained", DEED)
        (closed,) = tasks.found(session, reader(), [RATE])
        task_steps.reopen(session, closed, replace(DEED, at=NOW))
        (again,) = page(session)

    # At half past midnight of the third, in China.
    assert task.due_on == date(2026, 11, 3) + timedelta(days=14)
    assert elsewhere.due_on == date(2026, 11, 2) + timedelta(days=14)
    assert again.due_on == date(2026, 11, 20) + timedelta(days=14)


def test_what_came_before_the_first_run_of_the_checks_counts_from_that_day(site: Site) -> None:
    bring(site, a_signal(*RATE))
    row = {"configuration": "", "seed": 1, "raised": 0, "cleared": 0, "figures": {}, "fault": ""}
    with writing(site.engine) as connection:
        runs = [{**row, "started_at": NOTICED + timedelta(days=days)} for days in (10, 11)]
        connection.execute(insert(CheckRun), runs)

    with Session(site.engine) as session:
        (task,) = page(session)

    assert task.noticed_at == NOTICED
    assert task.due_on == NOTICED.date() + timedelta(days=10 + 14)


def test_what_is_due_first_comes_first_and_mine_is_what_i_took_on(site: Site) -> None:
    names = ("found", "refused", "stroke")
    bring(site, *(a_signal("rate", VILLAGE, name) for name in names))
    steps(site, ("rate", VILLAGE, "refused"), owner="test", due_on=date(2026, 11, 10))
    steps(site, ("rate", VILLAGE, "stroke"), due_on=date(2026, 12, 10))

    with Session(site.engine) as session:
        assert [one.indicator for one in page(session)] == ["refused", "found", "stroke"]
        assert [one.indicator for one in page(session, "mine")] == ["refused"]
        assert page(session, "mine", reader(name="somebody else")) == []


def test_a_page_holds_fifty_and_the_next_one_the_others(site: Site) -> None:
    bring(site, *(a_signal("rate", VILLAGE, f"i{number:03}") for number in range(60)))

    with Session(site.engine) as session:
        first = tasks.page(session, reader(), Wanted("village"))
        second = tasks.page(session, reader(), Wanted("village"), 2)
        everything = tasks.every(session, reader(), Wanted("village"))

    assert (len(first.tasks), len(second.tasks), first.total) == (50, 10, 60)
    assert (first.has_more, second.has_more) == (True, False)
    assert [*first.tasks, *second.tasks] == everything


def test_nobody_sees_or_touches_what_lies_outside_his_area(site: Site) -> None:
    bring(site, a_signal(*RATE), a_signal(*DIGITS, township_code="532301103000"))
    inside, outside = reader(Scope(("130921",))), reader(ELSEWHERE)

    with Session(site.engine) as session:
        assert len(page(session, who=inside)) == 1
        assert page(session, who=outside) == []
        assert tasks.found(session, outside, [RATE]) == []
        # A worker belongs to the villages that his phone serves; this one serves none.
        assert tasks.found(session, outside, [DIGITS]) == []
        with pytest.raises(Missing):
            tasks.find(session, outside, RATE)


def test_a_disease_that_is_not_for_the_reader_is_not_told(site: Site) -> None:
    bring(site, a_signal("rate", VILLAGE, "hiv_aids"), a_signal(*RATE))
    with Session(site.engine) as session:
        assert [one.indicator for one in page(session)] == ["found"]
        assert len(page(session, who=reader(sees_sensitive=True))) == 2
        assert tasks.open_counts(session, WHOLE_SITE)["village"] == 1


def test_a_task_is_opened_again_and_due_as_if_it_were_new(site: Site) -> None:
    bring(site, a_signal(*RATE))
    close(site, RATE)
    with writing_session(site.engine) as session:
        task_steps.reopen(session, tasks.find(session, reader(), RATE), DEED)

    with Session(site.engine) as session:
        (task,) = page(session)
        told = [(one.kind, one.reason, one.who) for one in task_steps.history(session, task)]
        with pytest.raises(Conflict):
            task_steps.reopen(session, task, DEED)
    assert task.due_on == AT.date() + timedelta(days=14)
    assert told == [("reopened", "", "王主任"), ("closed", "confirmed", "王主任")]


def test_a_note_changes_nothing_but_stands_there(site: Site) -> None:
    bring(site, a_signal(*RATE))
    close(site, RATE)
    with writing_session(site.engine) as session:
        task = tasks.find(session, reader(), RATE)
        task_steps.note(session, task, DEED)
        with pytest.raises(NotValid):
            task_steps.note(session, task, Deed("x", AT, " "))

    with Session(site.engine) as session:
        assert page(session) == []
        assert [one.kind for one in task_steps.history(session, task)] == ["noted", "closed"]


def test_closing_wants_a_reason_and_closes_once(site: Site) -> None:
    bring(site, a_signal(*RATE), a_signal("rate", VILLAGE, "refused"))

    with pytest.raises(NotValid):
        close(site, RATE, reason="tired")
    with pytest.raises(NotValid), writing_session(site.engine) as session:
        task_steps.close(session, page(session), "confirmed", Deed("x", AT, "x" * 501))
    assert close(site, RATE, ("rate", VILLAGE, "refused")) == 2
    assert close(site, RATE) == 0


def owner(site: Site, name: str, area: str = "", role: Role = Role.SUPERVISOR) -> None:
    with writing_session(site.engine) as session:
        added = accounts.add(session, name, role, [area], WHOLE_SITE)
        credentials.set_password(session, added.id, "a long enough password")


def test_a_task_goes_to_an_account_that_sees_it(site: Site) -> None:
    owner(site, "near", "130921")
    owner(site, "far", "532301")
    owner(site, "worker", "130921", Role.WORKER)
    bring(site, a_signal(*RATE))
    today = reader().today

    with writing_session(site.engine) as session:
        several = page(session)
        assert task_steps.owners(session, Scope(("130921211",))) == ["near"]
        assert task_steps.owners(session, WHOLE_SITE) == ["far", "near"]
        for name in ("far", "worker", "nobody of this name"):
            with pytest.raises(NotValid):
                task_steps.assign(session, reader(), several, name, today, DEED)
        with pytest.raises(NotValid):
            task_steps.assign(session, reader(), several, "near", today - timedelta(1), DEED)
        assert task_steps.assign(session, reader(), several, "near", today, DEED) == 1
        assert task_steps.assign(session, reader(), page(session), None, None, DEED) == 1
    with Session(site.engine) as session:
        (task,) = page(session)
        assert (task.owner, task.due_on) == ("near", today)


def test_a_task_stays_noticed_when_it_was_while_a_round_goes_on(site: Site) -> None:
    later = NOTICED + timedelta(days=3)

    def run(at: datetime, inputs: str, verdict: str = "flag") -> datetime:
        row = a_signal(*DIGITS, inputs=inputs, verdict=verdict)
        row.pop("noticed_at")
        with writing(site.engine) as connection:
            signals.bring(connection, ["digits"], [row], at)
        with Session(site.engine) as session:
            return tasks.page(session, reader(), Wanted("worker")).tasks[0].noticed_at

    assert run(NOTICED, "a") == NOTICED
    assert run(later, "b") == NOTICED
    close(site, DIGITS)
    assert run(later, "c") == later
    with writing(site.engine) as connection:
        assert signals.bring(connection, ["digits"], [], later) == signals.Change(0, 1)


@pytest.mark.parametrize("text", ["", "x", "bm90IGEga2V5", "WzFd", "%"])
def test_an_address_that_names_no_task_is_told_so(text: str) -> None:
    with pytest.raises(Missing):
        tasks.read_key(text)


def test_an_address_names_any_task() -> None:
    key = ("screening", "uuid:a/b c", "household/size 户")

    assert tasks.read_key(tasks.write_key(key)) == key
    assert tasks.write_key(key).isascii()
