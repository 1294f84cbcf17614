"""The lists of tiles in a PMTiles file, unpacked within bounds: a stranger wrote them.

The library of the format's authors unpacks whatever comes (a megabyte can hold a gigabyte) and
takes numbers of any length; here a list has an end, and a number 64 bits.
"""

from __future__ import annotations

import zlib
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from maps.tiles import MapFileFault

NONE, GZIP = 1, 2
# Writers make lists of some 4,096 entries, and larger ones for maps beyond ten million tiles.
MOST_ENTRIES = 65_536
# Sixteen bytes an entry; usual are five.
MOST_LIST_BYTES = 1 << 20


class Entry(NamedTuple):
    """One line of a list: `run` tiles from `number` on with the same content; 0 is a list itself.

    The offset counts from where tiles, or lists, begin in the file.
    """

    number: int
    run: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A list of tiles by ascending number, its columns side by side."""

    numbers: array[int]
    runs: array[int]
    lengths: array[int]
    offsets: array[int]

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, at: int) -> Entry:
        return Entry(self.numbers[at], self.runs[at], self.offsets[at], self.lengths[at])

    def __iter__(self) -> Iterator[Entry]:
        return map(self.__getitem__, range(len(self)))

    def find(self, number: int) -> Entry | None:
        """Return the entry with a tile, or of the list that may have it; None: there is none."""
        at = bisect_right(self.numbers, number) - 1
        if at < 0:
            return None
        found = self[at]
        return found if not found.run or number - found.number < found.run else None


def unpacked(content: bytes, packing: int, most_bytes: int) -> bytes:
    """Return what was packed; never more than `most_bytes`. Raises MapFileFault."""
    if packing == NONE and len(content) <= most_bytes:
        return content
    if packing != GZIP:
        raise damaged()
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        told = unpacking.decompress(content, most_bytes)
    except zlib.error as error:
        raise damaged() from error
    if not unpacking.eof:
        raise damaged()
    return told


def read_directory(content: bytes, packing: int) -> Directory:
    """Return a list of tiles. Raises MapFileFault for one that is damaged, or beyond the bounds."""
    numbers = list(_numbers(unpacked(content, packing, MOST_LIST_BYTES)))
    count = numbers[0] if numbers else 0
    if count > MOST_ENTRIES or len(numbers) != 1 + 4 * count:
        raise damaged()
    steps, runs, lengths, places = (
        numbers[1 + part * count : 1 + (part + 1) * count] for part in range(4)
    )
    try:
        return Directory(
            array("Q", _summed(steps)), array("Q", runs), array("Q", lengths),
            array("Q", _offsets(places, lengths)),
        )  # fmt: skip
    except OverflowError as error:
        raise damaged() from error


def damaged() -> MapFileFault:
    """Return the fault of a list that cannot be read."""
    return MapFileFault("The list of tiles in this PMTiles file is damaged, or far too long.")


def _numbers(content: bytes) -> Iterator[int]:
    """Yield numbers of seven bits a byte, the lowest first (protocol buffers' varint)."""
    number = shift = 0
    for byte in content:
        number |= (byte & 127) << shift
        if byte < 128:
            yield number
            number = shift = 0
            continue
        shift += 7
        if shift > 63:
            raise damaged()
    if shift:
        raise damaged()


def _summed(steps: list[int]) -> Iterator[int]:
    number = 0
    for at, step in enumerate(steps):
        if at and not step:
            raise damaged()
        number += step
        yield number


def _offsets(places: list[int], lengths: list[int]) -> Iterator[int]:
    """Yield offsets: told one higher, and 0 for what follows the one before."""
    offset = -1
    for at, place in enumerate(places):
        if not place and not at:
            raise damaged()
        offset = place - 1 if place else offset + lengths[at - 1]
        yield offset
