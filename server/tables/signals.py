"""What checks say: worked out by `doorstep checks`, and by the intake for single records.

May be dropped and worked out again, and comes out the same but for the times.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class Signal(Base):
    """What one check says of one record, worker or village.

    `subject` is the first instance id of a submission's chain of edits, a phone's id as text, or
    a village code. `verdict` is flag, watch, usual or too_few; of records flags alone are kept.
    `figures` are what its sentence and its evidence show. `inputs` stands for the subject's own
    inputs: a task that somebody closed stays closed while they are the same. `compared` stands
    for all that it was held against, so that nothing is worked out twice. `village_code` is "" for
    what belongs to no one village.
    """

    __tablename__ = "signal"
    __table_args__ = (
        Index("signal_by_village", "family", "verdict", "village_code"),
        Index("signal_by_submission", "submission_id"),
        Index("signal_by_phone", "phone_id"),
    )
    check: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(primary_key=True)
    indicator: Mapped[str] = mapped_column(primary_key=True)
    family: Mapped[str]
    village_code: Mapped[str]
    township_code: Mapped[str]
    phone_id: Mapped[int | None]
    submission_id: Mapped[int | None]
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    verdict: Mapped[str]
    inputs: Mapped[str]
    compared: Mapped[str]
    noticed_at: Mapped[datetime] = mapped_column(UtcTime)


class RateModel(Base):
    """What is usual of one indicator, by the villages themselves, as last worked out.

    `share` is the mean; `alpha` and `beta` tell how far villages differ, None where they do not.
    `funnel` holds rows of persons, then the limits that 0.1, 2.5, 97.5 and 99.9 % of counts lie
    below, as shares. `alikeness` is Moran's I, None where nothing can be said. `inputs` stands for
    the counts, places and thresholds, `scanned` for those that neighbouring villages were last
    looked for with, so that nothing is worked out twice.
    """

    __tablename__ = "rate_model"
    indicator: Mapped[str] = mapped_column(primary_key=True)
    share: Mapped[float]
    alpha: Mapped[float | None]
    beta: Mapped[float | None]
    funnel: Mapped[list[Any]] = mapped_column(JSON)
    alikeness: Mapped[float | None]
    inputs: Mapped[str]
    scanned: Mapped[str]
    worked_out_at: Mapped[datetime] = mapped_column(UtcTime)


class VillageRate(Base):
    """One village's count of one indicator against what is usual (maps.rates.RateVerdict).

    `smoothed` is its share drawn towards the mean of all villages, `smoothed_locally` towards that
    of its neighbours; None there where nobody knows where it lies.
    """

    __tablename__ = "village_rate"
    indicator: Mapped[str] = mapped_column(primary_key=True)
    village_code: Mapped[str] = mapped_column(primary_key=True)
    events: Mapped[int]
    tried: Mapped[int]
    expected: Mapped[float]
    ratio: Mapped[float | None]
    p: Mapped[float]
    q: Mapped[float]
    smoothed: Mapped[float]
    smoothed_locally: Mapped[float | None]
    verdict: Mapped[str] = mapped_column(index=True)


class Lookalike(Base):
    """Two persons, or two households, that look like one, as last compared.

    `kind` is person or household; the smaller id stands first. `rule` says what makes them alike
    (survey.likeness.pairs). `township_code` is the one that was compared, "" for ID numbers,
    which are compared across the site. `matched` of households are the members that look like
    one. `is_part` of persons: their households are a pair themselves, and decided first. `inputs`
    stands for what both are known by.
    """

    __tablename__ = "lookalike"
    __table_args__ = (
        Index("lookalike_by_first", "kind", "first_village"),
        Index("lookalike_by_second", "kind", "second_village"),
        Index("lookalike_by_township", "township_code"),
    )
    kind: Mapped[str] = mapped_column(primary_key=True)
    first_id: Mapped[str] = mapped_column(primary_key=True)
    second_id: Mapped[str] = mapped_column(primary_key=True)
    rule: Mapped[str]
    township_code: Mapped[str]
    first_village: Mapped[str]
    second_village: Mapped[str]
    matched: Mapped[list[Any]] = mapped_column(JSON)
    is_part: Mapped[bool]
    inputs: Mapped[str]


class Likened(Base):
    """That the persons and households of a township were compared as they are: `digest`."""

    __tablename__ = "likened"
    township_code: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
