"""Three small drawn pictures that stand for photos, written as PNG."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

WIDTH, HEIGHT = 160, 120
Colour = tuple[int, int, int]
_SKY, _WALL, _ROOF, _DOOR = (196, 222, 240), (226, 214, 190), (150, 70, 50), (90, 70, 60)
_SHEET, _INK, _DESK = (250, 250, 246), (60, 60, 90), (170, 140, 110)


def house() -> bytes:
    """Return a house under the sky."""
    return _png(_house)


def paper() -> bytes:
    """Return a sheet with lines on a desk."""
    return _png(_paper)


def signature() -> bytes:
    """Return a wavy line."""
    return _png(_signature)


def _house(x: int, y: int) -> Colour:
    if 70 <= x < 90 and y >= 75:
        return _DOOR
    if 30 <= x < 130 and y >= 50:
        return _WALL
    return _ROOF if 25 <= y < 50 and abs(x - 80) < 2 * (y - 25) + 8 else _SKY


def _paper(x: int, y: int) -> Colour:
    if not (35 <= x < 125 and 8 <= y < 112):
        return _DESK
    return _INK if y % 12 < 2 and 45 <= x < 115 and y > 20 else _SHEET


def _signature(x: int, y: int) -> Colour:
    wave = 60 + 18 * ((x // 9) % 2) - (x % 9) * (1 if (x // 9) % 2 else -2)
    return _INK if 30 <= x < 130 and abs(y - wave) < 3 else _SHEET


def _png(colour: Callable[[int, int], Colour]) -> bytes:
    """Return a picture of 160 by 120 points (PNG, ISO/IEC 15948: no filter, one IDAT)."""
    rows = b"".join(
        b"\0" + bytes(part for x in range(WIDTH) for part in colour(x, y)) for y in range(HEIGHT)
    )
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )
