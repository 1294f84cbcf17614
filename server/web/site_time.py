"""The time it is at the site: plans, lists and files go by its calendar, not by the server's."""

from __future__ import annotations

from datetime import date, datetime

from server.web import door


def site_day() -> date:
    """Return the day it is at the site."""
    return site_now().date()


def site_now() -> datetime:
    """Return the moment it is, in the site's own time."""
    return datetime.now(door.site().settings.zone)
