"""Offline base maps: one file an area, for phones to take and for the site's own map.

MBTiles or PMTiles. Phones read MBTiles only: beside a PMTiles file lies its copy for them.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from maps import map_files, phone_map
from maps.layers import Box
from maps.tiles import RASTER, MapFileFault, TileMap
from server.errors import Missing, NotValid, StoreFull, TooLarge
from server.survey import areas, files
from server.survey.areas import Scope
from server.survey.files import KeptFile
from server.tables.reference import BaseMap, Division, Village

LONGEST_NAME = 80
ARRIVING_S = 600
PMTILES, MBTILES = ".pmtiles", ".mbtiles"
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BaseMapLine:
    """A base map as pages show it. `placed` counts the area's villages with a known position,
    `covered` those of them inside the map.
    """

    id: int
    area_code: str
    area_name: str
    name: str
    file_name: str
    sha256: str
    size: int
    tile_type: str
    smallest_zoom: int
    largest_zoom: int
    box: Box
    attribution: str
    uploaded_at: datetime
    uploaded_by: str
    placed: int
    covered: int

    @property
    def is_raster(self) -> bool:
        """Whether the site's own map can show it: pictures, not vectors."""
        return self.tile_type in RASTER

    @property
    def is_for_phones(self) -> bool:
        """Whether phones are offered it: MBTiles, or PMTiles of which they have a copy."""
        is_copied = self.tile_type in phone_map.DRAWN_BY_PHONES
        return is_copied or not self.file_name.endswith(PMTILES)


def keep(data: Path, name: str, content: IO[bytes], most_bytes: int) -> tuple[KeptFile, TileMap]:
    """Keep an uploaded map and look at it. Raises TooLarge and NotValid; then none of it stays."""
    called = "".join(
        sign for sign in name.replace("\\", "/").rpartition("/")[2] if sign.isprintable()
    )
    size = 0
    with files.arrivals(folder_of(data)) as arriving:
        incoming = arriving.open(called[-LONGEST_NAME:])
        while piece := content.read(_PIECE_BYTES):
            size += len(piece)
            if size > most_bytes:
                raise TooLarge(
                    "The map is too large: at most %(limit_mb)s MB.",
                    limit_mb=most_bytes // 1_000_000,
                )
            incoming.write(piece)
        (kept,) = arriving.keep()
    place = files.path_of(folder_of(data), kept.sha256)
    try:
        told = map_files.read_map(place)
        if map_files.is_pmtiles(place) and told.tile_type in phone_map.DRAWN_BY_PHONES:
            _copy_for_phones(data, place, told)
    except MapFileFault as fault:
        place.unlink(missing_ok=True)
        raise NotValid(fault.msgid, "file", **fault.params) from fault
    # The same file may have been here for long: it is on its way in now.
    place.touch()
    return replace(kept, name=_true_name(kept.name, place)), told


def _true_name(name: str, place: Path) -> str:
    """Return a file's name with the ending of what it is; what is offered to phones goes by it."""
    right, wrong = (PMTILES, MBTILES) if map_files.is_pmtiles(place) else (MBTILES, PMTILES)
    return name if name.endswith(right) else name.removesuffix(wrong) + right


def _copy_for_phones(data: Path, place: Path, told: TileMap) -> Path:
    """Write a PMTiles file's copy for phones, unless it is there; whole or not at all."""
    copy = place.with_name(place.name + MBTILES)
    if copy.exists():
        copy.touch()
        return copy
    begun = folder_of(data) / "incoming" / f"{place.name}-{os.getpid()}-{time.monotonic_ns()}"
    try:
        phone_map.write_mbtiles(place, told, begun)
        with begun.open("rb") as written:
            os.fsync(written.fileno())
        begun.rename(copy)
    except sqlite3.Error as error:
        raise StoreFull(
            "The server's disk is full, nothing was kept. Tell the office, send again later."
        ) from error
    finally:
        begun.unlink(missing_ok=True)
    return copy


def folder_of(data: Path) -> Path:
    """Return where base maps lie in the data folder: apart from what phones sent."""
    return data / "base_maps"


def add(
    session: Session,
    kept: KeptFile,
    told: TileMap,
    area_code: str,
    name: str,
    who: str,
    scope: Scope,
) -> int:
    """Add a map that was checked and kept; it takes the place of the area's older one.

    Returns its number. Raises NotValid for an area that is not there or not in `scope`.
    """
    code = known_area(session, area_code, scope)
    session.execute(delete(BaseMap).where(BaseMap.area_code == code))
    row = BaseMap(
        area_code=code,
        name=(name.strip() or told.name or kept.name)[:LONGEST_NAME],
        file_name=kept.name,
        sha256=kept.sha256,
        size=kept.size,
        tile_type=told.tile_type,
        smallest_zoom=told.smallest_zoom,
        largest_zoom=told.largest_zoom,
        west=told.box.west,
        south=told.box.south,
        east=told.box.east,
        north=told.box.north,
        attribution=told.attribution,
        uploaded_at=datetime.now(UTC),
        uploaded_by=who,
    )
    session.add(row)
    session.flush()
    return row.id


def known_area(session: Session, code: str, scope: Scope) -> str:
    """Return the full code of a division or village in `scope`. Raises NotValid."""
    try:
        full = areas.full_code(code.strip())
    except ValueError:
        full = ""
    is_there = full and (
        session.get(Division, full) is not None or session.get(Village, full) is not None
    )
    if not is_there or not scope.covers(areas.stem(full)):
        raise NotValid("There is no area %(code)s here.", "area", code=code.strip())
    return full


def area_choices(session: Session, scope: Scope) -> list[tuple[str, str]]:
    """Return the divisions inside `scope`, code and name, the larger first."""
    rows = session.execute(select(Division.code, Division.name).order_by(Division.code)).all()
    inside = [(code, name) for code, name in rows if scope.covers(areas.stem(code))]
    return sorted(inside, key=lambda one: (len(areas.stem(one[0])), one[0]))


def listed(session: Session, scope: Scope) -> list[BaseMapLine]:
    """Return the maps of areas that `scope` has a part of, by area."""
    rows = session.scalars(select(BaseMap).order_by(BaseMap.area_code)).all()
    return [_line(session, row) for row in rows if scope.within(row.area_code).stems]


def drawable(session: Session, scope: Scope) -> list[BaseMapLine]:
    """Return the maps that the site's own map can show: pictures, not vectors."""
    return [one for one in listed(session, scope) if one.is_raster]


def for_villages(session: Session, village_codes: Iterable[str]) -> list[BaseMapLine]:
    """Return the maps of areas that hold one of the villages: what a phone is offered."""
    codes = tuple(village_codes)
    rows = session.scalars(select(BaseMap).order_by(BaseMap.area_code)).all()
    lines = [
        _line(session, row)
        for row in rows
        if any(code.startswith(areas.stem(row.area_code)) for code in codes)
    ]
    return [one for one in lines if one.is_for_phones]


def find(session: Session, map_id: int, scope: Scope) -> BaseMapLine:
    """Return one map. Raises Missing when there is none that `scope` has a part of."""
    row = session.get(BaseMap, map_id)
    if row is None or not scope.within(row.area_code).stems:
        raise Missing("There is no such base map.")
    return _line(session, row)


def place_of(session: Session, map_id: int, scope: Scope) -> tuple[str, str]:
    """Return SHA-256 and kind of tile of a map. Raises Missing as `find` does."""
    row = session.get(BaseMap, map_id)
    if row is None or not scope.within(row.area_code).stems:
        raise Missing("There is no such base map.")
    return row.sha256, row.tile_type


def remove(session: Session, map_id: int, scope: Scope) -> None:
    """Take a map out of use. Raises Missing, and NotValid for an area beyond `scope`."""
    row = session.get(BaseMap, map_id)
    if row is None or not scope.within(row.area_code).stems:
        raise Missing("There is no such base map.")
    if not scope.covers(areas.stem(row.area_code)):
        raise NotValid("This map's area is larger than yours.")
    session.delete(row)
    session.flush()


def clear_unused(session: Session, data: Path) -> int:
    """Delete files that belong to no map any more; returns how many. A download goes on.

    One that has just arrived is left alone: its map may be on its way in.
    """
    oldest = time.time() - ARRIVING_S
    used = set(session.scalars(select(BaseMap.sha256)))
    gone = 0
    for place in folder_of(data).glob("[0-9a-f][0-9a-f]/*"):
        sha256 = place.parent.name + place.name.removesuffix(MBTILES)
        if sha256 not in used and place.stat().st_mtime < oldest:
            place.unlink(missing_ok=True)
            gone += 1
    return gone


def file_of(data: Path, sha256: str) -> Path:
    """Return where a map's file lies. Raises Missing when it is gone."""
    place = files.path_of(folder_of(data), sha256)
    if not place.is_file():
        raise Missing("There is no such file.")
    return place


def file_for_phones(data: Path, one: BaseMapLine) -> Path:
    """Return where the file lies that phones get. Raises Missing when there is none for them.

    A copy that was lost, with a backup of the other files for example, is made again.
    """
    if not one.is_for_phones:
        raise Missing("There is no such file.")
    place = file_of(data, one.sha256)
    if not map_files.is_pmtiles(place):
        return place
    (folder_of(data) / "incoming").mkdir(mode=0o700, exist_ok=True)
    try:
        return _copy_for_phones(data, place, map_files.read_map(place))
    except MapFileFault as fault:
        raise Missing("There is no such file.") from fault


def _line(session: Session, row: BaseMap) -> BaseMapLine:
    box = Box(row.south, row.west, row.north, row.east)
    division = session.get(Division, row.area_code) or session.get(Village, row.area_code)
    within = Scope.of([row.area_code]).where(Village.code)
    placed = session.execute(
        select(Village.latitude, Village.longitude).where(within, Village.latitude.is_not(None))
    ).all()
    return BaseMapLine(
        id=row.id,
        area_code=row.area_code,
        area_name=division.name if division else row.area_code,
        name=row.name,
        file_name=row.file_name,
        sha256=row.sha256,
        size=row.size,
        tile_type=row.tile_type,
        smallest_zoom=row.smallest_zoom,
        largest_zoom=row.largest_zoom,
        box=box,
        attribution=row.attribution,
        uploaded_at=row.uploaded_at,
        uploaded_by=row.uploaded_by,
        placed=len(placed),
        covered=sum(
            box.south <= (latitude or 0) <= box.north and box.west <= (longitude or 0) <= box.east
            for latitude, longitude in placed
        ),
    )
