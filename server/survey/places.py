"""What a division or village is called."""

from __future__ import annotations

from sqlalchemy.orm import Session

from server.survey.areas import full_code
from server.tables.reference import Division, Village


def place_name(session: Session, code: str) -> str:
    """Return the name of a village or, by code or stem, a division; else the code itself."""
    village = session.get(Village, code)
    if village is not None:
        return village.name
    usable = code.isascii() and code.isdigit() and 2 <= len(code) <= 12
    division = session.get(Division, full_code(code)) if usable else None
    return division.name if division is not None else code
