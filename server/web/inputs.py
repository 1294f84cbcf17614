"""What was typed into the fields of a page."""

from __future__ import annotations

from datetime import date

from flask import request

from server.errors import NotValid


def day(name: str) -> date:
    """Return the day of a field. Raises NotValid for what is no day."""
    text = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotValid("This is no day: %(text)s", name, text=text[:20]) from error


def day_or_none(name: str) -> date | None:
    """Return the day of a field, None for an empty one. Raises NotValid for what is no day."""
    return day(name) if request.form.get(name, "").strip() else None
