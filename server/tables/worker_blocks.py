"""What checks on workers count of each block of submissions: worked out, and may be dropped."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class WorkerBlock(Base):
    """The submissions of one block in short (survey.quality.worker_blocks tells the shapes).

    `changes` is that of the block (tables.blocks) when they were read; `words` are the texts
    behind the numbers of the other columns, rows of whole numbers one after the other.
    """

    __tablename__ = "worker_block"
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    changes: Mapped[int]
    words: Mapped[list[Any]] = mapped_column(JSON)
    visits: Mapped[bytes] = mapped_column(LargeBinary)
    readings: Mapped[bytes] = mapped_column(LargeBinary)
    shares: Mapped[bytes] = mapped_column(LargeBinary)


class WorkersCompared(Base):
    """What workers were last held against: the same state, and nothing is worked out again."""

    __tablename__ = "workers_compared"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
