"""What checks on single records compare: one short row a submission, worked out from its answers.

Filled by `doorstep checks`, a little at a time; taken out with the submission's reports.
"""

from __future__ import annotations

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class RecordFacts(Base):
    """One submission that counts, packed (survey.quality.records.facts tells the shapes).

    A row of numbers, its measurements, and a short hash of each comparable answer: a million of
    them are read in seconds, where columns and rows of their own would take minutes.
    """

    __tablename__ = "record_facts"
    submission_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    told: Mapped[bytes] = mapped_column(LargeBinary)
    readings: Mapped[bytes] = mapped_column(LargeBinary)
    answers: Mapped[bytes] = mapped_column(LargeBinary)


class FactBlock(Base):
    """Up to which change of a block of submissions (tables.blocks) its facts are there."""

    __tablename__ = "fact_block"
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    changes: Mapped[int]


class FactWord(Base):
    """A form id or the name of a measurement behind the number that stands for it in facts."""

    __tablename__ = "fact_word"
    code: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    word: Mapped[str]


class RecordsCompared(Base):
    """A state that records were last worked out in: while it is the same, they are not again.

    1 is that of the comparison with one another, 2 tells which checks were switched off.
    """

    __tablename__ = "records_compared"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[str]
