"""One village's register figures and position as a page's form sends them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey.areas import Scope
from server.survey.registry import cells, reading
from server.survey.registry.apply import Applied, apply_import
from server.survey.registry.cells import Unfit
from server.survey.registry.plan import one_row_plan
from server.survey.registry.positions import HALF_POSITION, is_in_china
from server.survey.registry.sheets import Value
from server.survey.registry.stored import Stored

T = TypeVar("T")

PAGE = ""
"""The source name of an import that came from a page and not from a file."""

FIELDS = ("households", "persons", "register_source", "register_on", "latitude", "longitude")
NO_PLACE = "%(text)s is no latitude: it lies between -90 and 90."
SWAPPED = "Latitude and longitude look swapped."
NO_FIGURES = "Say how many households or persons, or leave source and date empty."


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did; `is_thin` says that there are fewer persons than households now."""

    applied: Applied
    is_thin: bool


def edit_village(
    session: Session, code: str, said: Mapping[str, str], who: str, scope: Scope
) -> Edited:
    """Give a village the figures and position a form says; an empty field takes its value away.

    `said` holds FIELDS as they were typed. Kept as an import of one row, which can be undone. Does
    not commit. Raises Missing for a village out of scope, and NotValid naming the field.
    """
    village = reading.village(session, code, scope)
    values = _values(said)
    plan = one_row_plan(session, "village", village.code, values, PAGE)
    households, persons = values["households"], values["persons"]
    is_thin = isinstance(households, int) and isinstance(persons, int) and persons < households
    return Edited(apply_import(session, plan, who), is_thin)


def _values(said: Mapping[str, str]) -> dict[str, Stored]:
    day = _read(said, "register_on", cells.day_of)
    values: dict[str, Stored] = {
        "households": _read(said, "households", cells.count_of),
        "persons": _read(said, "persons", cells.count_of),
        "register_source": _read(said, "register_source", cells.source_of),
        "register_on": day.isoformat() if day else None,
    }
    has_figures = values["households"] is not None or values["persons"] is not None
    if not has_figures and (values["register_source"] or values["register_on"]):
        raise NotValid(NO_FIGURES, "households")
    return values | _position(said)


def _position(said: Mapping[str, str]) -> dict[str, Stored]:
    latitude = _read(said, "latitude", cells.degrees_of)
    longitude = _read(said, "longitude", cells.degrees_of)
    if (latitude is None) != (longitude is None):
        raise NotValid(HALF_POSITION, "longitude" if longitude is None else "latitude")
    if latitude is not None and longitude is not None:
        if not is_in_china(latitude, longitude) and is_in_china(longitude, latitude):
            raise NotValid(SWAPPED, "latitude")
        if abs(latitude) > 90:
            raise NotValid(NO_PLACE, "latitude", text=latitude)
    return {"latitude": latitude, "longitude": longitude}


def _read(said: Mapping[str, str], field: str, reader: Callable[[Value], T]) -> T | None:
    text = said.get(field, "").strip()
    try:
        return reader(text) if text else None
    except Unfit as unfit:
        raise NotValid(unfit.msgid, field, **unfit.params) from unfit
