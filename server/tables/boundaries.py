"""What people brought for the map to draw: borders of villages, and addresses of tiles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class BoundaryImport(Base):
    """One applied import of village borders.

    `crs` is the frame that was declared for the file; what was read from it is kept in WGS 84.
    An import that was undone stays, with the moment and the name.
    """

    __tablename__ = "boundary_import"
    id: Mapped[int] = mapped_column(primary_key=True)
    source_name: Mapped[str]
    sha256: Mapped[str]
    crs: Mapped[str]
    villages: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(UtcTime)
    made_by: Mapped[str]
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_by: Mapped[str]


class Boundary(Base):
    """The border of one village as one import has it; the newest import not undone counts.

    `shape` is a GeoJSON geometry in WGS 84 with every corner of the file; `drawn` the same with
    as many as a phone needs, as lists of [longitude, latitude] in JSON: polygons, rings, corners.
    """

    __tablename__ = "boundary"
    import_id: Mapped[int] = mapped_column(ForeignKey("boundary_import.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(primary_key=True, index=True)
    shape: Mapped[str]
    drawn: Mapped[str]


class TileSource(Base):
    """A server of map tiles that the site's map may draw on, by its address with {z}, {x} and {y}.

    `crs` is the frame its tiles are drawn in; one taken out of use has `removed_at`.
    """

    __tablename__ = "tile_source"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    url: Mapped[str]
    credit: Mapped[str]
    crs: Mapped[str]
    smallest_zoom: Mapped[int]
    largest_zoom: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UtcTime)
    added_by: Mapped[str]
    removed_at: Mapped[datetime | None] = mapped_column(UtcTime)
