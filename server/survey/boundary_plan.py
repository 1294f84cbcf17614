"""What a file of village borders would bring: its areas matched with the register."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from maps import boundaries as borders
from maps.boundaries import Feature, FrameCheck
from maps.crs import Crs
from maps.polygons import NoArea
from server.errors import NotValid
from server.survey import boundaries, indicators
from server.survey.areas import Scope
from server.survey.boundaries import Brought
from server.survey.registry.names import name_stem
from server.tables.reference import Division, Village

_VILLAGE_DIGITS = 12
FAULT_WORDS = {
    "no JSON": "This is no GeoJSON file: it cannot be read.",
    "no list of features": "A GeoJSON FeatureCollection is wanted: a list of areas.",
    "no polygon": "There is no area in this file.",
    "damaged": "This file is damaged: an area in it cannot be read.",
    "no degrees": "Its positions are no degrees. Save it in longitude and latitude.",
    "too large": "The file is too large: 20 MB at most. Thin out its corners first.",
    "too many areas": "There are more than 5,000 areas in this file.",
    "tangled": "Its lines cross too often to be mended: draw these areas anew.",
    "too many corners": "There are more than 500,000 corners in this file: thin them out first.",
}


@dataclass(frozen=True, slots=True)
class Match:
    """A village and the features that draw it; `by` is code or name."""

    code: str
    name: str
    township: str
    numbers: tuple[int, ...]
    by: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class BoundaryPlan:
    """What a file would bring: `brought` is what `boundaries.keep` takes.

    `unmatched` features fit no village; `elsewhere` counts those of villages beyond the scope;
    `without` villages of the scope would still have no border.
    """

    brought: Brought
    matches: tuple[Match, ...]
    unmatched: tuple[Feature, ...]
    elsewhere: int
    without: int
    check: FrameCheck

    @property
    def fingerprint(self) -> str:
        """Stands for what the preview showed: another register or file has another one."""
        told = [(one.code, one.numbers, one.is_known) for one in self.matches]
        text = json.dumps([self.brought.sha256, self.brought.crs, told])
        return hashlib.sha256(text.encode()).hexdigest()


def plan_import(
    session: Session, content: bytes, name: str, crs: Crs, scope: Scope, today: date
) -> BoundaryPlan:
    """Return what a GeoJSON in the frame `crs` would bring. Raises NotValid for no such file."""
    try:
        features = borders.read_features(content, crs)
    except NoArea as fault:
        raise _refusal(fault) from fault
    villages = _villages(session, today)
    inside = {code: one for code, one in villages.items() if scope.covers(code)}
    found = _matched(features, villages)
    mine = {code: several for code, several in found.items() if code in inside}
    try:
        shapes = {
            code: borders.joined([one.shape for one, _ in several])
            for code, several in sorted(mine.items())
        }
    except NoArea as fault:
        raise _refusal(fault) from fault
    known = boundaries.drawn(session, scope).keys()
    matched = {one.number for several in found.values() for one, _ in several}
    return BoundaryPlan(
        brought=Brought(
            name[-boundaries.LONGEST_NAME :], hashlib.sha256(content).hexdigest(), crs, shapes
        ),
        matches=tuple(
            Match(
                code,
                *inside[code],
                tuple(one.number for one, _ in mine[code]),
                mine[code][0][1],
                code in known,
            )
            for code in shapes
        ),
        unmatched=tuple(one for one in features if one.number not in matched),
        elsewhere=sum(len(several) for code, several in found.items() if code not in inside),
        without=len(inside.keys() - known - shapes.keys()),
        check=_checked(session, shapes, crs),
    )


def _refusal(fault: NoArea) -> NotValid:
    words = FAULT_WORDS.get(str(fault))
    if words:
        return NotValid(words, "file")
    return NotValid("Areas are wanted, and there is a %(kind)s.", "file", kind=fault)


def _villages(session: Session, today: date) -> dict[str, tuple[str, str]]:
    """Return name and township of every village in force, by code."""
    rows = session.execute(
        select(Village.code, Village.name, func.coalesce(Division.name, Village.township_code))
        .outerjoin(Division, Division.code == Village.township_code)
        .where((Village.valid_to.is_(None)) | (Village.valid_to >= today))
    )
    return {code: (name, township) for code, name, township in rows}


def _matched(
    features: Sequence[Feature], villages: Mapping[str, tuple[str, str]]
) -> dict[str, list[tuple[Feature, str]]]:
    """Return features by the village they draw, and how that was told.

    Any property that holds a village's code tells it (longer codes begin with it); else a name,
    where one village alone is called so, or one in the township that another property names.
    """
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    for code, (name, _) in villages.items():
        by_stem[name_stem(name)].append(code)
    found: defaultdict[str, list[tuple[Feature, str]]] = defaultdict(list)
    for one in features:
        told = [text.strip() for text in one.told.values()]
        codes = {text[:_VILLAGE_DIGITS] for text in told if text[:_VILLAGE_DIGITS].isdigit()}
        named = codes & villages.keys()
        called = None if named else _by_name(told, by_stem, villages)
        if len(named) == 1:
            found[named.pop()].append((one, "code"))
        elif called:
            found[called].append((one, "name"))
    return found


def _by_name(
    told: Iterable[str],
    by_stem: Mapping[str, Sequence[str]],
    villages: Mapping[str, tuple[str, str]],
) -> str | None:
    said = {text for text in told if text}
    called = {code for text in said for code in by_stem.get(name_stem(text), ())}
    if len(called) > 1:
        called = {code for code in called if villages[code][1] in said}
    return called.pop() if len(called) == 1 else None


def _checked(session: Session, shapes: Mapping[str, BaseGeometry], crs: Crs) -> FrameCheck:
    middles = indicators.middles_of_visits(session, list(shapes))
    pairs = [(shapes[code], place) for code, place in sorted(middles.items())]
    return borders.check_frame(pairs, crs)
