"""The areas of an account, as people name them: a division's code or its name."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from server.errors import NotValid
from server.survey.areas import Scope, full_code
from server.tables.reference import Division, Village

WHOLE_SITE_WORDS = frozenset({"", "*", "all", "whole site", "全部", "全站"})
MOST_OFFERED = 400
MOST_NEAR = 3
# Township, county and prefecture: where a mistyped code probably lies, from near to far.
_STEM_LENGTHS = (9, 6, 4)
_Column = InstrumentedAttribute[str]
_COLUMNS: tuple[tuple[_Column, _Column], ...] = (
    (Division.code, Division.name),
    (Village.code, Village.name),
)


@dataclass(frozen=True)
class Area:
    """A division or village an account looks after; `code` "" is the whole site.

    `name` is "" for the whole site and where the register knows none.
    """

    code: str
    name: str


def chosen(session: Session, text: str) -> Area:
    """Return the area `text` names: a code of 2 to 12 digits, a name, or a word for the whole site.

    A code is taken unseen while the register is empty: accounts are often made first. Raises
    NotValid, with the nearest names, for what the register does not know.
    """
    wanted = text.strip()
    if wanted.lower() in WHOLE_SITE_WORDS:
        return Area("", "")
    is_code = wanted.isascii() and wanted.isdigit() and 2 <= len(wanted) <= 12
    if is_register_empty(session):
        if is_code:
            return Area(full_code(wanted), "")
        raise NotValid(
            "The register is empty, so %(area)s must be given as a code of 2 to 12 digits.",
            "areas",
            area=wanted,
        )
    found = _with_code(session, full_code(wanted)) if is_code else _with_name(session, wanted)
    if len(found) == 1:
        return found[0]
    raise _unclear(wanted, found) if found else _unknown(session, wanted, is_code)


def is_register_empty(session: Session) -> bool:
    """Say whether nobody has told the site any division or village."""
    return all(session.scalar(select(code).limit(1)) is None for code, _ in _COLUMNS)


def names(session: Session, codes: Collection[str]) -> dict[str, str]:
    """Return the names of the codes that the register knows."""
    found: dict[str, str] = {}
    for code, name in _COLUMNS:
        found.update(
            (row[0], row[1]) for row in session.execute(select(code, name).where(code.in_(codes)))
        )
    return found


def offered(session: Session, scope: Scope) -> list[Area]:
    """Return divisions of `scope` to choose from, by code; no villages, which are too many."""
    return _areas(session, Division.code, Division.name, scope.where(Division.code), MOST_OFFERED)


def _with_code(session: Session, code: str) -> list[Area]:
    found = [_areas(session, column, name, column == code) for column, name in _COLUMNS]
    return [area for areas in found for area in areas][:1]


def _with_name(session: Session, wanted: str) -> list[Area]:
    found = [_areas(session, code, name, name == wanted) for code, name in _COLUMNS]
    return [area for areas in found for area in areas]


def _areas(
    session: Session, code: _Column, name: _Column, where: ColumnElement[bool], most: int = 20
) -> list[Area]:
    rows = session.execute(select(code, name).where(where).order_by(code).limit(most))
    return [Area(row[0], row[1]) for row in rows]


def _unclear(wanted: str, found: list[Area]) -> NotValid:
    return NotValid(
        "Several areas are called %(area)s: %(near)s. Give the code.",
        "areas",
        area=wanted,
        near=_listing(found[: 2 * MOST_NEAR]),
    )


def _unknown(session: Session, wanted: str, is_code: bool) -> NotValid:
    near = _near_codes(session, wanted) if is_code else _near_names(session, wanted)
    if near:
        return NotValid(
            "The register has no area %(area)s. Close to it: %(near)s.",
            "areas",
            area=wanted,
            near=_listing(near),
        )
    return NotValid("The register has no area %(area)s.", "areas", area=wanted)


def _near_codes(session: Session, wanted: str) -> list[Area]:
    for length in _STEM_LENGTHS:
        scope = Scope((wanted[:length],))
        found = {
            area.code: area
            for code, name in _COLUMNS
            for area in _areas(session, code, name, scope.where(code), MOST_OFFERED)
        }
        if found:
            close = difflib.get_close_matches(full_code(wanted), found, MOST_NEAR, cutoff=0)
            return [found[code] for code in close]
    return []


def _near_names(session: Session, wanted: str) -> list[Area]:
    shares = [
        or_(*(name.contains(letter, autoescape=True) for letter in wanted[:8]))
        for _, name in _COLUMNS
    ]
    found = [
        area
        for (code, name), where in zip(_COLUMNS, shares, strict=True)
        for area in _areas(session, code, name, where, MOST_OFFERED)
    ]
    by_name = {area.name: area for area in reversed(found)}
    close = difflib.get_close_matches(wanted, by_name, MOST_NEAR, cutoff=0.3)
    return [by_name[name] for name in close]


def _listing(areas: list[Area]) -> str:
    return " · ".join(f"{area.name} {area.code}" for area in areas)
