"""What people decided about two persons, or two households, that look like one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base, UtcTime


class PairDecision(Base):
    """That two are one, or are not; it holds until `undone_at`.

    `kind` is person or household. Of the two ids, the smaller stands first. `merged_id` is the one
    that is counted with the other from then on, None where the two were kept apart. Decisions made
    in one go share a `group_id`. `takes_entity`: the merged one was taken off the phones' list.
    The village codes are those of the two at the time, for who may see the decision.
    """

    __tablename__ = "pair_decision"
    __table_args__ = (
        Index("pair_decision_by_first", "first_id"),
        Index("pair_decision_by_second", "second_id"),
        # Asked for every group of submissions: it holds what was merged alone.
        Index(
            "pair_decision_by_merged",
            "merged_id",
            sqlite_where=text("merged_id IS NOT NULL"),
            postgresql_where=text("merged_id IS NOT NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int]
    kind: Mapped[str]
    first_id: Mapped[str]
    second_id: Mapped[str]
    merged_id: Mapped[str | None]
    first_village: Mapped[str]
    second_village: Mapped[str]
    group_id: Mapped[str]
    takes_entity: Mapped[bool]
    note: Mapped[str]
    at: Mapped[datetime] = mapped_column(UtcTime)
    who: Mapped[str]
    undone_at: Mapped[datetime | None] = mapped_column(UtcTime)
    undone_by: Mapped[str | None]
