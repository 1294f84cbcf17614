"""Values that a person types for an entity: read by the types of the list's properties."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey import entity_properties
from server.survey.entity_properties import CHOICE, DATE, ENTITY, YES_NO, Property
from server.survey.registry.cells import Unfit

SELECTED = (YES_NO, CHOICE)
"""Kinds whose values are few: a page offers them."""


def fitted(
    session: Session,
    project_id: int,
    list_name: str,
    told: Mapping[str, str],
    before: Mapping[str, str],
) -> dict[str, str]:
    """Return what was typed, in the form that phones are given.

    A value that is as it was `before` stays, whether it fits or not: nobody is kept from changing
    another. Raises NotValid, naming the property, for one that is new and does not fit.
    """
    kinds = {one.name: one for one in entity_properties.properties(session, project_id, list_name)}
    read: dict[str, str] = {}
    for name, text in told.items():
        wanted = kinds.get(name, Property(name))
        if not text or text == before.get(name, ""):
            read[name] = text
            continue
        is_entity = wanted.kind == ENTITY
        known = entity_properties.ids_of(session, wanted.refers_to) if is_entity else ()
        try:
            read[name] = entity_properties.fitting(wanted, text, known)
        except Unfit as unfit:
            raise NotValid(unfit.msgid, name, **unfit.params) from unfit
    return read


def offered(wanted: Property, value: str) -> list[str]:
    """Return the values a page offers for a property, "" first; none where it is typed freely.

    A value that is none of them is offered along: saving the page must not change it.
    """
    if wanted.kind not in SELECTED:
        return []
    usual = ["yes", "no"] if wanted.kind == YES_NO else [*wanted.choices]
    return ["", *usual, *([value] if value and value not in usual else [])]


def is_day(wanted: Property, value: str) -> bool:
    """Say whether a day may be picked: a browser's calendar would drop a value that is none."""
    if wanted.kind != DATE:
        return False
    try:
        return not value or entity_properties.fitting(wanted, value) == value
    except Unfit:
        return False
