"""Lists of submissions: what stands in them, for whom, and page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Missing
from server.survey import intake, phones, submission_view, submissions
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.site import Site
from server.survey.submission_view import Reader
from server.survey.submissions import ANY_FLAG, Wanted
from server.tables.reference import Village
from server.tables.truth import PhoneVillage
from tests.builders import (
    NEXT_VILLAGE,
    RECEIVED_AT,
    VILLAGE,
    an_upload,
    roster_xml,
    screening_xml,
)

HERE, THERE = Scope.of([VILLAGE]), Scope.of([NEXT_VILLAGE])
FAR_FIX = "39.5 116.9 0 10"
EVERYTHING = Wanted()


@pytest.fixture(autouse=True)
def _villages(site: Site) -> None:
    with writing_session(site.engine) as session:
        session.add_all(
            Village(
                code=code, name=name, township_code="130921211000", latitude=38.1, longitude=116.9
            )
            for code, name in ((VILLAGE, "高川村"), (NEXT_VILLAGE, "后村"))
        )


def send(site: Site, *uploads: bytes) -> None:
    for number, xml in enumerate(uploads):
        intake.receive(site, an_upload(xml, RECEIVED_AT + timedelta(minutes=number)))


def ids(
    session: Session,
    wanted: Wanted = EVERYTHING,
    scope: Scope = WHOLE_SITE,
    before: int | None = None,
) -> list[int]:
    return [one.id for one in submissions.page(session, 1, scope, wanted, before).lines]


def reader(scope: Scope = WHOLE_SITE, **rights: bool) -> Reader:
    given = {"shows_personal": False, "shows_sensitive": False, **rights}
    return Reader(scope=scope, language="en", **given)


def test_the_last_received_comes_first_with_its_village_and_flags(
    site: Site, session: Session
) -> None:
    send(site, roster_xml("uuid:1"), roster_xml("uuid:2", village=NEXT_VILLAGE, fix=FAR_FIX))

    first, second = submissions.page(session, 1, WHOLE_SITE, Wanted()).lines

    assert (first.id, first.village, first.form_id) == (2, "后村", "household_roster")
    assert first.title == "村级入户登记"
    assert first.flags > second.flags
    assert (second.state, second.outcome, second.visited_on) == (
        "projected",
        "completed",
        date(2026, 11, 20),
    )


def test_a_reader_sees_the_villages_of_his_areas_only(site: Site, session: Session) -> None:
    send(site, roster_xml("uuid:1"), roster_xml("uuid:2", village=NEXT_VILLAGE))

    assert ids(session, scope=HERE) == [1]
    assert ids(session, scope=THERE) == [2]
    assert ids(session, scope=Scope(())) == []
    assert submission_view.view(session, 1, reader(HERE)).id == 1
    looks: tuple[Callable[[], object], ...] = (
        lambda: submission_view.view(session, 2, reader(HERE)),
        lambda: submission_view.raw_xml(session, 2, HERE),
        lambda: submission_view.attachment(session, 2, "a.jpg", HERE),
        lambda: submission_view.view(session, 99, reader(WHOLE_SITE)),
    )
    for look in looks:
        with pytest.raises(Missing):
            look()


def test_filters_narrow_the_list(site: Site, session: Session) -> None:
    send(
        site,
        roster_xml("uuid:1", fix=FAR_FIX),
        roster_xml("uuid:2", village=NEXT_VILLAGE, day="2026-11-19"),
        screening_xml("uuid:3"),
    )

    assert ids(session, Wanted(village=NEXT_VILLAGE)) == [2]
    assert ids(session, Wanted(form_id="disease_screening")) == [3]
    assert ids(session, Wanted(day=date(2026, 11, 19))) == [2]
    assert ids(session, Wanted(day=date(2026, 11, 18))) == []
    assert ids(session, Wanted(flag="far_from_village")) == [1]
    assert 1 in ids(session, Wanted(flag=ANY_FLAG))
    assert ids(session, Wanted(phone_id=7)) == []
    assert ids(session, Wanted(village=VILLAGE, form_id="household_roster")) == [1]


def test_a_list_goes_on_page_by_page_without_a_gap(
    site: Site, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submissions, "PAGE", 2)
    send(site, *(roster_xml(f"uuid:{number}") for number in range(5)))

    seen: list[int] = []
    before: int | None = None
    while True:
        page = submissions.page(session, 1, WHOLE_SITE, Wanted(), before)
        seen += [one.id for one in page.lines]
        before = page.before
        if before is None:
            break

    assert seen == [5, 4, 3, 2, 1]


def test_flags_are_counted_where_the_reader_looks(site: Site, session: Session) -> None:
    send(site, roster_xml("uuid:1", fix=FAR_FIX), roster_xml("uuid:2", village=NEXT_VILLAGE))

    everywhere = dict(submissions.flag_counts(session, WHOLE_SITE))

    assert everywhere["far_from_village"] == 1
    assert "far_from_village" not in dict(submissions.flag_counts(session, THERE))
    assert "far_from_village" not in dict(
        submissions.flag_counts(session, WHOLE_SITE, NEXT_VILLAGE)
    )


def test_a_parked_submission_is_listed_apart_with_its_reason(site: Site, session: Session) -> None:
    send(site, roster_xml("uuid:1"), roster_xml("uuid:2", version="2099"))

    (parked,) = submissions.page(session, 1, WHOLE_SITE, Wanted(state="parked")).lines
    shown = submission_view.view(session, 2, reader())

    assert ids(session) == [1]
    assert submissions.stuck_count(session, 1, WHOLE_SITE) == {"parked": 1}
    assert (parked.id, parked.reason, parked.village) == (2, "version_unknown", "")
    assert (shown.sheet, shown.state) == (None, "parked")
    assert shown.title == "村级入户登记"


def test_what_has_no_visit_is_seen_by_those_who_look_after_its_phone(
    site: Site, session: Session
) -> None:
    with writing_session(site.engine) as writing:
        phone = phones.add_phone(writing, 1, "Li", [VILLAGE], WHOLE_SITE)
    xml = roster_xml("uuid:1", version="2099")
    intake.receive(site, intake.Upload(1, xml, (), phone.id, "", RECEIVED_AT))

    wanted = Wanted(state="parked")

    assert session.get(PhoneVillage, (phone.id, VILLAGE)) is not None
    assert ids(session, wanted, HERE) == [1]
    assert ids(session, wanted, THERE) == []
    assert submissions.stuck_count(session, 1, THERE) == {}
    assert submission_view.view(session, 1, reader(HERE)).id == 1
    with pytest.raises(Missing):
        submission_view.view(session, 1, reader(THERE))


def test_an_edited_submission_shows_its_chain_and_the_last_one_counts(
    site: Site, session: Session
) -> None:
    send(
        site,
        roster_xml("uuid:1"),
        roster_xml("uuid:2", deprecated="uuid:1"),
        roster_xml("uuid:3", deprecated="uuid:2"),
    )

    chains = [submission_view.view(session, one, reader(HERE)).edits for one in (1, 2, 3)]

    assert ids(session) == [3]
    assert ids(session, Wanted(state="replaced")) == [2, 1]
    for shown, edits in enumerate(chains, start=1):
        assert [one.id for one in edits] == [1, 2, 3]
        assert [one.state for one in edits] == ["replaced", "replaced", "projected"]
        assert [one.id for one in edits if one.is_shown] == [shown]


def test_villages_to_choose_from_are_those_somebody_visited(site: Site, session: Session) -> None:
    send(site, roster_xml("uuid:1"))

    assert submissions.visited_villages(session, WHOLE_SITE) == [(VILLAGE, "高川村")]
    assert submissions.visited_villages(session, THERE) == []


def test_every_flag_that_is_raised_has_words(site: Site, session: Session) -> None:
    send(
        site,
        roster_xml("uuid:1", fix=FAR_FIX, village="999999999999"),
        screening_xml("uuid:2", codes="gastric_cancer"),
    )

    raised: Iterable[str] = [code for code, _ in submissions.flag_counts(session, WHOLE_SITE)]

    assert raised
    assert set(raised) <= set(submissions.FLAG_MESSAGES)
