"""Villages for the map: their figures of now, those of an earlier week, and their borders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from maps.layers import degrees, keys_of, numbered, short_name
from maps.village_figures import TIMED, VILLAGE_LAYERS, VillageFigures

_LAYER_FIELDS = tuple(
    field for name in VILLAGE_LAYERS for field in (f"{name}_class", f"{name}_number")
)
VILLAGE_FIELDS = (
    "code", "name", "township", "latitude", "longitude", "register", "register_persons",
    "register_source", "register_on", "done", "completed", "refused", "absent", "vacated", "seen",
    "screened", "found", "followed", "usual", "last_visit_on", "days_behind", *_LAYER_FIELDS,
)  # fmt: skip
WEEK_FIELDS = (
    "code",
    "done",
    *(field for name in TIMED for field in (f"{name}_class", f"{name}_number")),
)


def village_layer(villages: Sequence[VillageFigures]) -> dict[str, Any]:
    """Return villages for the map, in the order given.

    Classes are places in the "symbols" of the layer. A village without a place has null degrees:
    the page counts it and leaves it to the list.
    """
    townships = numbered(
        (one.coverage.township_code, one.coverage.township_name) for one in villages
    )
    return {
        "fields": VILLAGE_FIELDS,
        "symbols": {name: keys_of(layer.symbols) for name, layer in VILLAGE_LAYERS.items()},
        "townships": list(townships),
        "villages": [_row(one, townships) for one in villages],
    }


def week_layer(villages: Sequence[VillageFigures]) -> dict[str, Any]:
    """Return what is known of villages as of the end of a week, in the order given."""
    return {
        "fields": WEEK_FIELDS,
        "villages": [
            [one.coverage.code, one.coverage.done, *_classes(one, TIMED)] for one in villages
        ],
    }


def _row(one: VillageFigures, townships: Mapping[tuple[str, str], int]) -> list[object]:
    """Return the cells of VILLAGE_FIELDS."""
    village = one.coverage
    return [
        village.code,
        short_name(village.name),
        townships[village.township_code, village.township_name],
        *degrees(village.place),
        village.register_households,
        village.register_persons,
        village.register_source,
        village.register_on.isoformat() if village.register_on else None,
        village.done,
        village.households_completed,
        village.households_refused,
        village.households_absent_final,
        village.households_vacated,
        village.households_seen,
        village.persons_screened,
        one.found,
        one.followed,
        round(100 * one.rate.usual, 1) if one.rate else None,
        village.last_visit_on.isoformat() if village.last_visit_on else None,
        village.days_behind,
        *_classes(one, tuple(VILLAGE_LAYERS)),
    ]


def _classes(one: VillageFigures, names: Sequence[str]) -> list[object]:
    """Return class and number of each layer."""
    cells: list[object] = []
    for name in names:
        layer = VILLAGE_LAYERS[name]
        cells += [keys_of(layer.symbols).index(layer.class_of(one)), layer.number_of(one)]
    return cells
