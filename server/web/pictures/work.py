"""Pictures of one village's or one worker's work: days, hours of the day, last digits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from exports.pictures.canvas import Picture
from exports.pictures.columns import ColumnsWords, columns
from exports.pictures.heat import heat
from exports.table import Kind
from server.survey import drawn, indicators, phones
from server.survey.drawn import Digits, VisitTime
from server.web import door, language, worker_words
from server.web.language import _, ngettext, number
from server.web.pictures.asked import Asked, picture, titled

DAYS = 30


def hours(asked: Asked) -> Picture | None:
    """Draw on which weekday and at which hour visits began, of a village or a phone."""
    if asked.phone_id is not None:
        phones.find(door.session(), asked.phone_id, door.account().scope)
        visits = drawn.visits_of_phone(door.session(), asked.scope, asked.phone_id)
    elif asked.village:
        visits = drawn.visits_of_village(door.session(), asked.village)
    else:
        return None
    return hours_of(visits, asked)


def hours_of(visits: Sequence[VisitTime], asked: Asked) -> Picture | None:
    """Draw the hours of visits that were read already."""
    counts = drawn.by_hour(visits, door.site().settings.zone)
    total = sum(map(sum, counts))
    if not total:
        return None
    names = language.weekdays()
    early = sum(sum(row[:6]) + sum(row[22:]) for row in counts)
    told = ngettext(
        "%(n)s visit by the phone’s clock; %(early)s of them before 6:00 or after 22:00.",
        "%(n)s visits by the phone’s clock; %(early)s of them before 6:00 or after 22:00.",
        total,
        early=number(early),
    )
    hour_columns: dict[str, tuple[str, Kind]] = {
        f"hour_{hour:02}": (f"{hour}:00", "integer") for hour in range(24)
    }
    return picture(
        "hours",
        (titled(_("Hours of work"), asked.place), told),
        heat(counts, names, lambda hour: f"{hour}:00", number),
        {"weekday": (_("Weekday"), "text"), **hour_columns},
        [(name, *row) for name, row in zip(names, counts, strict=True)],
    )


def days(asked: Asked) -> Picture | None:
    """Draw submissions by day of a village or an area."""
    counted: Counter[date] = Counter()
    start = asked.today - timedelta(days=DAYS - 1)
    within = asked.scope.within(asked.area) if asked.area else asked.scope
    for one in indicators.days(door.session(), within, start, asked.village or None):
        counted[one.day] += one.submissions
    every = [start + timedelta(days=at) for at in range(DAYS)]
    return days_of([(day, counted[day]) for day in every], asked)


def days_of(counted: Sequence[tuple[date, int]], asked: Asked) -> Picture | None:
    """Draw submissions by day; None without any."""
    total = sum(count for _day, count in counted)
    if not total:
        return None
    drawing = columns(
        [count for _day, count in counted],
        ColumnsWords(
            [(at, language.short_day(counted[at][0])) for at in (0, len(counted) - 1)],
            _("submissions of the day"),
        ),
        number,
        tips=[f"{language.day(day)}: {number(count)}" for day, count in counted],
    )
    told = ngettext(
        "%(n)s submission, from %(first)s to %(last)s.",
        "%(n)s submissions, from %(first)s to %(last)s.",
        total,
        first=language.short_day(counted[0][0]),
        last=language.short_day(counted[-1][0]),
    )
    return picture(
        "days",
        (titled(_("Days of work"), asked.place), told),
        drawing,
        {"day": (_("Day"), "date"), "submissions": (_("Submissions"), "integer")},
        counted,
    )


def digits(asked: Asked) -> Picture | None:
    """Draw in which digits a worker's readings of one kind end."""
    if asked.phone_id is None:
        return None
    phones.find(door.session(), asked.phone_id, door.account().scope)
    several = drawn.digits(door.session(), asked.phone_id)
    told = [one for one in several if asked.indicator in ("", one.indicator)]
    return digits_of(told[0], asked) if told else None


def digits_of(one: Digits, asked: Asked) -> Picture:
    """Draw last digits that were read already."""
    drawing = columns(
        one.counts,
        ColumnsWords(
            [(digit, str(digit)) for digit in range(10)],
            _("readings that end in the digit"),
            _("usual"),
        ),
        number,
        usual=one.expected,
    )
    total = sum(one.counts)
    most = max(range(10), key=lambda digit: one.counts[digit])
    told = ngettext(
        "%(most)s of %(n)s reading end in %(digit)s; about %(usual)s would be usual.",
        "%(most)s of %(n)s readings end in %(digit)s; about %(usual)s would be usual.",
        total,
        most=number(one.counts[most]),
        digit=most,
        usual=number(one.expected),
    )
    name = worker_words.indicator_name(one.indicator)
    return picture(
        "digits",
        (titled(_("Last digits: %(reading)s", reading=name), asked.place), told),
        drawing,
        {"digit": (_("Digit"), "integer"), "readings": (_("Readings"), "integer")},
        list(enumerate(one.counts)),
    )
