"""Pictures of an area: work against the plan, coverage, ages, and how long interviews take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from exports.pictures.bars import BarRow, bars
from exports.pictures.canvas import Picture
from exports.pictures.pyramid import Band, pyramid
from exports.pictures.trend import TrendWords, trend
from maps import coverage as sums
from maps import layers
from maps import pace as paces
from maps.coverage import AreaCoverage, VillageCoverage
from maps.pace import DayPace, Pace, Planned
from server.survey import drawn, form_versions, indicators, rounds
from server.survey.drawn import Speed
from server.survey.first_run import PROJECT
from server.web import door, language
from server.web.language import _, ngettext, number
from server.web.pictures.asked import Asked, picture, titled

MOST_BARS = 40
"""More would be a list and no picture; the table has them all."""
BAND_YEARS = 5
OLDEST_BAND = 85


def villages_of(asked: Asked) -> list[VillageCoverage]:
    """Return how far the villages that are asked of have got."""
    return indicators.coverage_by_village(door.session(), asked.scope, asked.today)


def work(asked: Asked) -> Picture | None:
    """Draw households done by day against the plan; None before anything is done or planned."""
    return work_in(villages_of(asked), asked)


def work_in(villages: Sequence[VillageCoverage], asked: Asked) -> Picture | None:
    """Draw households done by day of villages that were read already."""
    planned = rounds.planned(door.session(), PROJECT, asked.scope, villages)
    done_on = rounds.done_on(door.session(), PROJECT, asked.scope) if planned else {}
    return work_of(planned, done_on, asked)


def work_of(
    planned: Mapping[str, Planned],
    done_on: Mapping[date, int],
    asked: Asked,
    pace: Pace | None = None,
) -> Picture | None:
    """Draw what is known already: plans by village, households done by day, and the pace."""
    days = paces.trend(planned.values(), done_on, asked.today)
    past = [one for one in days if one.total is not None]
    if not past:
        return None
    pace = pace or paces.pace(planned.values(), done_on, asked.today)
    goal = pace.goal if pace and pace.days_left else None
    drawing = trend(
        [one.total or 0 for one in past],
        [one.planned for one in days],
        goal,
        TrendWords(_("done"), _("plan"), _("needed from now on"), _day_labels(days, len(past))),
        number,
    )
    told = _(
        "%(done)s of %(goal)s households done; planned until yesterday: %(planned)s.",
        done=number(pace.done if pace else 0),
        goal=number(pace.goal if pace else 0),
        planned=number(pace.planned if pace else 0),
    )
    return picture(
        "work",
        (titled(_("Households done by day, against the plan"), asked.place), told),
        drawing,
        {
            "day": (_("Day"), "date"),
            "done": (_("Done on the day"), "integer"),
            "total": (_("Done in all"), "integer"),
            "plan": (_("Plan"), "integer"),
        },
        [(one.day, one.done, one.total, one.planned) for one in days],
    )


def _day_labels(days: Sequence[DayPace], past: int) -> list[tuple[int, str]]:
    places = sorted({0, past - 1, len(days) - 1})
    return [
        (at, _("today") if at == past - 1 else language.short_day(days[at].day)) for at in places
    ]


def coverage(asked: Asked) -> Picture | None:
    """Draw how far villages are, or townships where there are several; None without a register."""
    return coverage_of(villages_of(asked), asked)


def coverage_of(villages: Sequence[VillageCoverage], asked: Asked) -> Picture | None:
    """Draw how far villages are that were read already."""
    with_register = [one for one in villages if one.register_households]
    townships = sums.by_township(with_register)
    several: Sequence[AreaCoverage | VillageCoverage] = (
        townships if len(townships) > 1 else with_register
    )
    if not several:
        return None
    most_left = sorted(several, key=lambda one: (-(one.left or 0), one.code))
    total = sums.total(with_register)
    told = _(
        "%(done)s of %(register)s households done, %(left)s left",
        done=number(total.done_of_register),
        register=number(total.register_households),
        left=number(total.left),
    )
    if len(most_left) > MOST_BARS:
        told = f"{told} · " + ngettext(
            "drawn: the %(n)s with most left", "drawn: the %(n)s with most left", MOST_BARS
        )
    drawing = bars(
        [_coverage_row(one) for one in most_left[:MOST_BARS]],
        [
            ("solid", _("Completed")),
            ("hatch", _("Refused, absent after 3 visits, vacated")),
            ("track", _("Register")),
        ],
    )
    columns = {
        "code": (_("Code"), "text"),
        "name": (_("Name"), "text"),
        "register": (_("Register"), "integer"),
        "completed": (_("Completed"), "integer"),
        "refused": (_("Refused"), "integer"),
        "absent": (_("Absent after 3 visits"), "integer"),
        "vacated": (_("Vacated"), "integer"),
        "left": (_("Left"), "integer"),
        "share": (_("Done"), "share"),
    }
    rows = [
        (
            one.code,
            one.name,
            one.register_households,
            one.households_completed,
            one.households_refused,
            one.households_absent_final,
            one.households_vacated,
            one.left,
            one.share,
        )
        for one in most_left
    ]
    title = titled(_("Coverage against the register"), asked.place)
    return picture("coverage", (title, told), drawing, columns, rows)  # type: ignore[arg-type]


def _coverage_row(one: AreaCoverage | VillageCoverage) -> BarRow:
    return BarRow(
        name=layers.short_name(one.name),
        figures=f"{number(one.done)} / {number(one.register_households)}",
        solid=one.households_completed,
        hatched=one.done - one.households_completed,
        of=one.register_households,
    )


def ages(asked: Asked) -> Picture | None:
    """Draw persons by age and sex; None without one whose age and sex are known."""
    counted = drawn.ages(door.session(), asked.scope)
    men, women, unknown = [0] * 18, [0] * 18, 0
    for (sex, born), persons in counted.items():
        age = asked.today.year - born
        if sex not in ("male", "female") or not born or not 0 <= age <= 130:
            unknown += persons
            continue
        side = men if sex == "male" else women
        side[min(age, OLDEST_BAND) // BAND_YEARS] += persons
    if not sum(men) + sum(women):
        return None
    bands = [
        Band(_band(number_of * BAND_YEARS), men[number_of], women[number_of])
        for number_of in range(18)
    ]
    told = ngettext(
        "%(n)s person met, by the age reached this year.",
        "%(n)s persons met, by the age reached this year.",
        sum(men) + sum(women),
    )
    if unknown:
        told += " " + ngettext(
            "Of %(n)s more, age or sex is not known.",
            "Of %(n)s more, age or sex is not known.",
            unknown,
        )
    return picture(
        "ages",
        (titled(_("Persons by age and sex"), asked.place), told),
        pyramid(bands, _("Men"), _("Women"), number),
        {
            "ages": (_("Age"), "text"),
            "men": (_("Men"), "integer"),
            "women": (_("Women"), "integer"),
        },
        [(one.ages, one.men, one.women) for one in bands],
    )


def _band(youngest: int) -> str:
    last = youngest + BAND_YEARS - 1
    return f"{youngest}+" if youngest >= OLDEST_BAND else f"{youngest}-{last}"


def times(asked: Asked) -> Picture | None:
    """Draw how long each worker's interviews of a form take; None before checks looked."""
    told = drawn.speeds(door.session(), PROJECT, asked.scope, asked.indicator)
    if not told:
        return None
    form_id = told[0].form_id
    titles = {
        one.form_id: one.title for one in form_versions.current_forms(door.session(), PROJECT)
    }
    usual = sorted(one.usual_s for one in told if one.usual_s)
    sentence = _("%(form)s: median minutes of each worker.", form=titles.get(form_id, form_id))
    return picture(
        "times",
        (titled(_("Time an interview takes, by worker"), asked.place), sentence),
        bars(
            [_time_row(one) for one in told[:MOST_BARS]],
            [
                ("solid", _("median, in minutes")),
                *([("usual", _("usual among colleagues"))] if usual else []),
            ],
        ),
        {
            "phone": (_("Number"), "integer"),
            "worker": (_("Worker"), "text"),
            "minutes": (_("Minutes"), "decimal"),
            "usual": (_("Usual"), "decimal"),
            "interviews": (_("Interviews"), "integer"),
        },
        [
            (
                one.phone_id,
                one.name,
                one.median_s / 60,
                one.usual_s / 60 if one.usual_s else None,
                one.tried,
            )
            for one in told
        ],
    )


def _time_row(one: Speed) -> BarRow:
    interviews = ngettext("%(n)s interview", "%(n)s interviews", one.tried)
    return BarRow(
        name=one.name,
        figures=f"{number(one.median_s / 60, 1)} · {interviews}",
        solid=one.median_s / 60,
        usual=one.usual_s / 60 if one.usual_s else None,
    )
