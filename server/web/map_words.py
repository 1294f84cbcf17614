"""Words that the map and its list share."""

from __future__ import annotations

from maps.weeks import Week
from server.web import language
from server.web.language import _


def week_words(week: Week) -> str:
    """Return what a week's figures are as of: its last day."""
    return _("by %(day)s", day=language.day(week.last))
