"""Which submissions were worked out anew since somebody looked: a log, kept through a rebuild."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class ChangedBlock(Base):
    """How often something was worked out anew of the submissions of one block, by their number.

    Who sums up submissions block by block (survey.blocks) looks at those alone that changed.
    """

    __tablename__ = "changed_block"
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    changes: Mapped[int]
