"""What files of map tiles have in common, whatever their format: their words and pictures."""

from __future__ import annotations

from dataclasses import dataclass

from maps.layers import Box

RASTER = ("png", "jpg", "webp", "avif")
MOST_ZOOM = 22
MOST_TILE_BYTES = 4_000_000


class MapFileFault(ValueError):
    """Why a file is no map that can be used: a message id and what fills its places."""

    def __init__(self, msgid: str, **params: object) -> None:
        """Keep the message."""
        super().__init__(msgid % params if params else msgid)
        self.msgid = msgid
        self.params = params


@dataclass(frozen=True, slots=True)
class TileMap:
    """What a file says of itself. `tile_type` is one of RASTER, or pbf (vector)."""

    name: str
    tile_type: str
    smallest_zoom: int
    largest_zoom: int
    box: Box
    attribution: str


def is_place(zoom: int, column: int, row: int) -> bool:
    """Whether there can be a tile there."""
    return 0 <= zoom <= MOST_ZOOM and 0 <= column < 2**zoom and 0 <= row < 2**zoom


def kind_of(content: object) -> str:
    """Return png, jpg, webp or avif by how a tile begins, "" for anything else."""
    if not isinstance(content, bytes):
        return ""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    # ISO/IEC 14496-12: a box of the kind "ftyp" stands first and names what the file is.
    if content[4:12] == b"ftypavif":
        return "avif"
    return "webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else ""


def one_line(text: str) -> str:
    """Return what a file says of itself as one short line."""
    return "".join(sign for sign in text if sign.isprintable()).strip()[:200]


def without_tags(text: str) -> str:
    """Return what is read of a credit written in HTML."""
    told, is_inside = [], False
    for sign in text:
        if sign in "<>":
            is_inside = sign == "<"
        elif not is_inside:
            told.append(sign)
    return "".join(told)


def box_on_earth(west: float, south: float, east: float, north: float) -> Box | None:
    """Return a box as a file tells it, None for one that cannot be."""
    is_on_earth = -180 <= west < east <= 180 and -90 <= south < north <= 90
    return Box(south, west, north, east) if is_on_earth else None
