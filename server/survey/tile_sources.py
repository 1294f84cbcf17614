"""Servers of map tiles that a site lets its maps draw on: their addresses, frames and credits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from maps.boundaries import FRAMES
from maps.layers import MOST_ZOOM
from server.errors import Missing, NotValid
from server.tables.boundaries import TileSource

LONGEST_NAME, LONGEST_URL = 60, 500
_PLACES = ("{z}", "{x}", "{y}")
# Several hosts that serve the same tiles: {a-c} or {0-7}, as addresses are printed.
_HOSTS = re.compile(r"\{([a-z])-([a-z])\}|\{([0-9])-([0-9])\}")
# A host by name or number, perhaps one of several, perhaps with a port: it stands in the security
# policy of every map, where "*" would be any host, and other letters no header at all.
_HOST = re.compile(r"(?:[A-Za-z0-9.-]|\{s\})+(?::[0-9]{1,5})?\Z")
_LEAFLETS_HOSTS = ("a", "b", "c")


@dataclass(frozen=True, slots=True)
class Source:
    """One server of tiles; `url` has {z}, {x} and {y}, and {s} or {0-7} for one of its hosts."""

    id: int
    name: str
    url: str
    credit: str
    crs: str
    smallest_zoom: int
    largest_zoom: int

    @property
    def hosts(self) -> tuple[str, ...]:
        """What {s} stands for in `address`."""
        found = _HOSTS.search(self.url)
        if found is None:
            return _LEAFLETS_HOSTS if "{s}" in self.url else ()
        first, last = (one for one in found.groups() if one)
        return tuple(chr(code) for code in range(ord(first), ord(last) + 1))

    @property
    def address(self) -> str:
        """The template with {s} for one of its hosts."""
        return _HOSTS.sub("{s}", self.url, count=1)

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that its pictures come from, for the page's security policy; none for a
        path of this site.
        """
        parts = urlsplit(self.address)
        if not parts.netloc:
            return ()
        hosts = [parts.netloc.replace("{s}", one) for one in self.hosts] or [parts.netloc]
        return tuple(f"{parts.scheme}://{host}" for host in hosts)


@dataclass(frozen=True, slots=True)
class Wish:
    """A source as typed; zooms as text."""

    name: str
    url: str
    credit: str
    crs: str
    smallest_zoom: str = "0"
    largest_zoom: str = "18"


def listed(session: Session) -> list[Source]:
    """Return the sources in use, in the order they were added."""
    rows = session.scalars(
        select(TileSource).where(TileSource.removed_at.is_(None)).order_by(TileSource.id)
    )
    return [
        Source(row.id, row.name, row.url, row.credit, row.crs, row.smallest_zoom, row.largest_zoom)
        for row in rows
    ]


def add(session: Session, wish: Wish, who: str, now: datetime) -> int:
    """Add a source and return its number. Raises NotValid, naming the field."""
    name, url, credit = wish.name.strip(), wish.url.strip(), wish.credit.strip()
    _check(name, url, credit, wish.crs)
    smallest, largest = _zoom(wish.smallest_zoom), _zoom(wish.largest_zoom)
    if smallest > largest:
        raise NotValid("The smallest zoom is above the largest.", "smallest_zoom")
    row = TileSource(
        name=name,
        url=url,
        credit=credit,
        crs=wish.crs,
        smallest_zoom=smallest,
        largest_zoom=largest,
        added_at=now,
        added_by=who,
        removed_at=None,
    )
    session.add(row)
    session.flush()
    return row.id


def remove(session: Session, source_id: int, now: datetime) -> str:
    """Take a source out of use and return its name. Raises Missing."""
    row = session.get(TileSource, source_id)
    if row is None or row.removed_at is not None:
        raise Missing("There is no such source of tiles.")
    row.removed_at = now
    session.flush()
    return row.name


def _check(name: str, url: str, credit: str, crs: str) -> None:
    for field, text, most in (("name", name, LONGEST_NAME), ("credit", credit, 200)):
        if not 1 <= len(text) <= most:
            raise NotValid("Write 1 to %(most)s characters.", field, most=most)
    if crs not in FRAMES:
        raise NotValid("Say which frame the tiles are drawn in.", "crs")
    parts = urlsplit(url)
    is_address = parts.scheme in ("http", "https") and parts.netloc
    is_plain = len(url) <= LONGEST_URL and not re.search(r"[\s\"'<>;,\\]", url)
    host = _HOSTS.sub("{s}", parts.netloc, count=1)
    if not is_address or not is_plain or not _HOST.match(host):
        raise NotValid("Write an address that begins with http:// or https://.", "url")
    if any(place not in url for place in _PLACES):
        raise NotValid("The address must have {z}, {x} and {y} where the numbers go.", "url")


def _zoom(text: str) -> int:
    try:
        zoom = int(text)
    except ValueError:
        zoom = -1
    if not 0 <= zoom <= MOST_ZOOM:
        raise NotValid(
            "A zoom is a whole number from 0 to %(most)s.", "largest_zoom", most=MOST_ZOOM
        )
    return zoom
