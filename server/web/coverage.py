"""How far the work has got: the list of villages and the map."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, Response, render_template, request, url_for

from exports import files
from exports.table import Table
from maps import coverage as sums
from maps import layers
from maps.coverage import State, VillageCoverage
from server.survey import indicators, rounds
from server.survey.accounts import Right
from server.survey.coverage_table import coverage_table
from server.survey.first_run import PROJECT
from server.web import door, headers, language
from server.web.downloads import whole_file
from server.web.language import _
from server.web.site_time import site_day
from server.web.village_order import SORT_WORDS, ordered, state_words

pages = Blueprint("coverage", __name__)

SHOWN = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the list of villages is asked for; "" is everything."""

    township: str
    state: str
    sort: str
    page: int

    @classmethod
    def asked(cls) -> Wanted:
        """Read the address; what is not known there counts as not said."""
        told = request.args
        state, sort = told.get("state", ""), told.get("sort", "")
        return cls(
            township=told.get("township", ""),
            state=state if state in list(State) else "",
            sort=sort if sort in SORT_WORDS else "left",
            page=max(1, told.get("page", 1, int)),
        )

    def of(
        self, villages: Iterable[VillageCoverage], behind: Mapping[str, int]
    ) -> list[VillageCoverage]:
        """Return the villages that fit, in the order wanted; `behind` is by their plans."""
        fitting = (
            one
            for one in villages
            if self.township in ("", one.township_code) and self.state in ("", one.state)
        )
        return ordered(fitting, self.sort, behind)

    def sorted_by(self, key: str) -> str:
        """Return the address of this list in another order."""
        return self.address(sort=key)

    def address(self, endpoint: str = "coverage.villages", **other: str | int) -> str:
        """Return the address of this list with something changed."""
        told = {"township": self.township, "state": self.state, "sort": self.sort, **other}
        said = {name: value for name, value in told.items() if value and value != "left"}
        return url_for(endpoint, **said)  # type: ignore[arg-type]


@pages.get("/villages")
@door.allow(Right.SEE_COVERAGE)
def villages() -> str:
    """List the villages of the scope, the map's twin."""
    headers.let_be_kept()
    wanted = Wanted.asked()
    everywhere = indicators.coverage_by_village(door.session(), door.account().scope, site_day())
    of_township = [one for one in everywhere if wanted.township in ("", one.township_code)]
    behind = _behind(everywhere)
    fitting = wanted.of(of_township, behind)
    first = (wanted.page - 1) * SHOWN
    return render_template(
        "coverage_villages.html",
        villages=fitting[first : first + SHOWN],
        total=sums.total(fitting),
        of_township=sums.total(of_township),
        everywhere=len(everywhere),
        townships=townships(everywhere),
        wanted=wanted,
        short_name=layers.short_name,
        behind=behind,
        sorts=[(key, _(words)) for key, words in SORT_WORDS.items() if behind or key != "behind"],
        state_words=state_words(),
        before=wanted.address(page=wanted.page - 1) if wanted.page > 1 else None,
        after=wanted.address(page=wanted.page + 1) if first + SHOWN < len(fitting) else None,
        now=datetime.now(UTC),
    )


@pages.get("/villages.<any(csv, xlsx):kind>")
@door.allow(Right.SEE_COVERAGE)
def download(kind: str) -> Response:
    """Send the list of villages as a file: figures, no persons."""
    wanted = Wanted.asked()
    everywhere = indicators.coverage_by_village(door.session(), door.account().scope, site_day())
    fitting = wanted.of(everywhere, _behind(everywhere) if wanted.sort == "behind" else {})
    door.journal("villages_taken", kind, villages=len(fitting), township=wanted.township)
    title = _("Villages")
    notes = (
        _("Taken by %(name)s on %(moment)s.", name=door.account().name, moment=_now_words()),
        _("Done is completed, refused, absent after three visits, and vacated."),
    )
    table = coverage_table(fitting, title, notes, language.language())
    name = f"{title}-{site_day().isoformat()}"
    return whole_file(_written(kind, table), kind, "villages", name)


def _behind(villages: Iterable[VillageCoverage]) -> dict[str, int]:
    """Return how many households each village with a plan is behind it, by code."""
    scope, today = door.account().scope, site_day()
    planned = rounds.planned(door.session(), PROJECT, scope, villages)
    return {code: one.behind(today) for code, one in planned.items()}


def townships(villages: Iterable[VillageCoverage]) -> list[tuple[str, str]]:
    """Return the townships of villages: code and name, ordered by code."""
    return sorted({(one.township_code, one.township_name) for one in villages})


def _now_words() -> str:
    return language.moment(datetime.now(UTC))


def _written(kind: str, table: Table) -> Iterator[bytes]:
    if kind == "csv":
        return files.csv(table, language.language(), whole_digits=True)
    return files.xlsx([table], language.language())
