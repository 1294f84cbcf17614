"""What the site was told in advance: divisions, villages with their register, clinics."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class Division(Base):
    """An administrative area above the village. `code` has 12 digits; `level` is
    province, prefecture, county or township. `stem` is the code's leading part that all
    codes below it share.
    """

    __tablename__ = "division"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]
    stem: Mapped[str] = mapped_column(index=True)
    parent_code: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    successor_code: Mapped[str | None]


class Village(Base):
    """The smallest place planned for. The register's figures are None when nobody has told them.

    `register_source` is register, census or estimate; positions are WGS 84 degrees.
    """

    __tablename__ = "village"
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    township_code: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(default="village")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    households: Mapped[int | None]
    persons: Mapped[int | None]
    register_source: Mapped[str | None]
    register_on: Mapped[date | None]
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    successor_code: Mapped[str | None]


class Clinic(Base):
    """A place that treats or is audited. `id` is the entity id phones know it by; `code` was given
    by people. `kind` is village_clinic or township_hospital.
    """

    __tablename__ = "clinic"
    id: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    kind: Mapped[str]
    village_code: Mapped[str | None] = mapped_column(index=True)
    township_code: Mapped[str] = mapped_column(index=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]


class BaseMap(Base):
    """An offline map (MBTiles) of an area, kept in the folder for base maps under its SHA-256.

    The bounds are WGS 84 degrees.
    """

    __tablename__ = "base_map"
    id: Mapped[int] = mapped_column(primary_key=True)
    area_code: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    file_name: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int]
    tile_type: Mapped[str]
    smallest_zoom: Mapped[int]
    largest_zoom: Mapped[int]
    west: Mapped[float]
    south: Mapped[float]
    east: Mapped[float]
    north: Mapped[float]
    attribution: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(UtcTime)
    uploaded_by: Mapped[str]
