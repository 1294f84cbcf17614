"""Villages and phones named in bulk: codes pasted from a table, or an area drawn on a map."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from maps.crs import Crs
from maps.points import Point
from maps.polygons import MOST_BYTES, NoArea, read_area
from server.errors import Missing, NotValid
from server.survey import phones
from server.survey.areas import Scope
from server.survey.registry import cells
from server.survey.registry.cells import Unfit
from server.tables.reference import Village

MOST_LINES = 5000
# 130921211201, and what Excel makes of it: 130921211201.0, 1.30921E+11.
_CODE = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]+)?")
_BETWEEN = re.compile(r"[\s,;|\u3001\uff0c\uff1b]+")


@dataclass(frozen=True, slots=True)
class Pasted:
    """What lines of text name: (phone's name or number, "" for none; village code)."""

    lines: tuple[tuple[str, str], ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """All village codes, without repeats, in order."""
        return tuple(sorted({code for _, code in self.lines}))

    @property
    def has_phones(self) -> bool:
        """Say whether every line names a phone as well."""
        return bool(self.lines) and all(name for name, _ in self.lines)


@dataclass(frozen=True, slots=True)
class Inside:
    """The villages whose centre lies in an area.

    `doubtful` are those for which the coordinate system decides, `unplaced` counts the villages
    around whose centre nobody has told.
    """

    codes: tuple[str, ...]
    doubtful: tuple[str, ...]
    unplaced: int


def read_pasted(text: str) -> Pasted:
    """Read village codes, one or several a line, a phone's name or number before them or not.

    Raises NotValid for a line that cannot be read, naming it.
    """
    found: list[tuple[str, str]] = []
    for number, line in enumerate(unicodedata.normalize("NFKC", text).splitlines(), start=1):
        words = [word for word in _BETWEEN.split(line.strip()) if word]
        codes = [word for word in words if _CODE.fullmatch(word) and len(word) > 5]
        name = " ".join(word for word in words if word not in codes)
        if words and not codes:
            raise NotValid(
                "Line %(line)s holds no village code: %(text)s",
                "codes",
                line=number,
                text=line[:40],
            )
        try:
            found += [(name, cells.village_code_of(code)) for code in codes]
        except Unfit as unfit:
            raise NotValid(unfit.msgid, "codes", **unfit.params) from unfit
        if len(found) > MOST_LINES:
            raise NotValid("More than %(most)s codes at once.", "codes", most=MOST_LINES)
    return Pasted(tuple(found))


def named_pairs(
    session: Session, project_id: int, pasted: Pasted, scope: Scope
) -> tuple[tuple[int, str], ...]:
    """Return (phone id, village code) of lines that name phones. Raises NotValid for unknown ones.

    A name that several phones have is refused: their numbers tell them apart.
    """
    ids: dict[str, int] = {}
    for name in dict.fromkeys(name for name, _ in pasted.lines):
        try:
            ids[name] = phones.find_named(session, project_id, name, scope).id
        except Missing as missing:
            raise NotValid(missing.msgid, "codes", **missing.params) from missing
    return tuple(sorted({(ids[name], code) for name, code in pasted.lines}))


def villages_inside(session: Session, content: bytes, crs: Crs, scope: Scope) -> Inside:
    """Return the villages of `scope` whose centre lies in the polygons of a GeoJSON file.

    Raises NotValid for a file that holds no polygon of degrees.
    """
    if len(content) > MOST_BYTES:
        raise NotValid("The area is larger than 20 MB: simplify it first.", "area")
    try:
        area = read_area(content, crs)
    except NoArea as fault:
        raise NotValid(
            "The file holds no area: save a polygon as GeoJSON, in degrees (found: %(found)s).",
            "area",
            found=fault,
        ) from fault
    rows = session.execute(
        select(Village.code, Village.latitude, Village.longitude)
        .where(scope.where(Village.code))
        .order_by(Village.code)
    ).all()
    placed = [
        (code, Point(latitude, longitude))
        for code, latitude, longitude in rows
        if latitude is not None and longitude is not None
    ]
    inside = tuple(code for code, place in placed if area.holds(place))
    doubtful = tuple(code for code, place in placed if area.is_doubtful(place))
    return Inside(inside, doubtful, _unplaced(rows, inside))


def _unplaced(rows: Sequence[tuple[str, float | None, float | None]], inside: Sequence[str]) -> int:
    """Count the villages without a centre in the townships that the area reaches into."""
    townships = {code[:9] for code in inside}
    return sum(1 for code, latitude, _ in rows if latitude is None and code[:9] in townships)
