"""What checks say of a village, in plain words: a reason to look, never more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Flask

from maps import layers
from server.survey import catalogue
from server.web import door, language
from server.web.language import _, ngettext

INDICATOR_LABELS = {
    "found": "Persons with a finding",
    "refused": "Refusals",
    "households": "Households",
}


def indicator(name: str) -> str:
    """Return what is counted, in the reader's language: a disease, refusals, households."""
    if name in INDICATOR_LABELS:
        return _(INDICATOR_LABELS[name])
    return catalogue.label(name, language.language(), door.site().settings.folder)


def sentence(check: str, indicator_name: str, figures: Mapping[str, Any]) -> str:
    """Return why somebody should look, with the figures and what would be usual."""
    if check == "over_register":
        return _over_register(figures)
    if check == "no_register":
        return _no_register(figures)
    counted = _cluster(indicator_name, figures) if check == "cluster" else ""
    counted = counted or rate(indicator_name, figures)
    return _("%(of)s: %(figures)s", of=indicator(indicator_name), figures=counted)


def rate(indicator_name: str, figures: Mapping[str, Any]) -> str:
    """Return a village's count beside what would be usual, without what is counted."""
    places = {
        "events": language.number(figures["events"]),
        "usual": usual(figures["expected"]),
        "tried": language.number(figures["tried"]),
    }
    if indicator_name == "refused":
        return ngettext(
            "%(events)s of %(tried)s household; about %(usual)s would be usual.",
            "%(events)s of %(tried)s households; about %(usual)s would be usual.",
            figures["tried"],
            **places,
        )
    return ngettext(
        "%(events)s of %(tried)s person screened; about %(usual)s would be usual.",
        "%(events)s of %(tried)s persons screened; about %(usual)s would be usual.",
        figures["tried"],
        **places,
    )


def usual(expected: float) -> str:
    """Write an expected count: to one decimal where it is small."""
    return language.number(expected, 0 if expected >= 10 else 1)


def seen_villages(figures: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return codes and names of a group's villages, those the reader may see."""
    scope = door.account().scope
    return [
        (code, layers.short_name(name)) for code, name in figures["villages"] if scope.covers(code)
    ]


def _cluster(indicator_name: str, figures: Mapping[str, Any]) -> str:
    if len(seen_villages(figures)) < len(figures["villages"]):
        # Sums would tell of a village that the reader may not see.
        return _("Neighbouring villages have more than would be usual.")
    return ngettext(
        "%(n)s village here and its neighbours: %(figures)s",
        "%(n)s neighbouring villages together: %(figures)s",
        len(figures["villages"]),
        figures=rate(indicator_name, figures),
    )


def _over_register(figures: Mapping[str, Any]) -> str:
    return ngettext(
        "%(done)s household done, %(registered)s in the register.",
        "%(done)s households done, %(registered)s in the register.",
        figures["done"],
        done=language.number(figures["done"]),
        registered=language.number(figures["registered"]),
    )


def _no_register(figures: Mapping[str, Any]) -> str:
    return ngettext(
        "%(n)s household found; how many there are is not known.",
        "%(n)s households found; how many there are is not known.",
        figures["seen"],
    )


def set_up(app: Flask) -> None:
    """Give the templates of `app` what the evidence of a village's signal is told with."""
    app.jinja_env.globals.update(
        village_rate=rate, village_usual=usual, village_group=seen_villages
    )
