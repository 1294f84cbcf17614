"""Under which number a worker is called: told by people, and no part of what phones send."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.database import Base


class PhoneNumber(Base):
    """The telephone number of who carries a phone: "+" and digits, as it is dialled."""

    __tablename__ = "phone_number"
    phone_id: Mapped[int] = mapped_column(ForeignKey("phone.id"), primary_key=True)
    number: Mapped[str]
