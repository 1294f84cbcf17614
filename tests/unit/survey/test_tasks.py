"""Tasks: signals that ask something of a person, and what people did about them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.survey import tasks
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.site import Site
from tests.task_rows import VILLAGE, a_signal, bring, reader, steps


def test_open_tasks_are_counted_by_family_and_closed_ones_are_not(site: Site) -> None:
    bring(site, a_signal("rate", VILLAGE, "found"), a_signal("digits", "7", "systolic"))
    bring(site, a_signal("rate", "130921211202", "found", verdict="usual"))
    steps(site, ("rate", VILLAGE, "found"), kind="closed", inputs="a")

    with Session(site.engine) as session:
        assert tasks.open_counts(session, WHOLE_SITE) == {"record": 0, "worker": 1, "village": 0}
        assert tasks.open_counts(session, Scope(("53",))) == {
            "record": 0,
            "worker": 0,
            "village": 0,
        }


def test_a_page_holds_what_is_due_first(site: Site) -> None:
    bring(site, a_signal("rate", VILLAGE, "found"), a_signal("rate", VILLAGE, "refused"))
    with Session(site.engine) as session:
        told = tasks.page(session, reader(), tasks.Wanted("village"))
    assert [one.indicator for one in told.tasks] == ["found", "refused"]
    assert told.total == 2
