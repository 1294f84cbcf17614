"""How villages stand in a list: the orders and the words of their states, for all its pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from maps.coverage import State, VillageCoverage
from server.web.language import _

# Message ids and badges of the states; what is in progress is told by its bar.
STATE_WORDS = {
    State.NOT_STARTED: "Not started",
    State.NO_REGISTER: "No register",
    State.OVER_REGISTER: "Over 105%",
}
STATE_BADGES = {
    State.NOT_STARTED: "todo",
    State.NO_REGISTER: "off",
    State.OVER_REGISTER: "watch",
}
SORT_WORDS = {
    "left": "Most left",
    "name": "Name",
    "share": "Lowest share",
    "visit": "Longest unvisited",
    "behind": "Most behind plan",
}


def ordered(
    villages: Iterable[VillageCoverage], sort: str, behind: Mapping[str, int] | None = None
) -> list[VillageCoverage]:
    """Return villages in one of the orders of SORT_WORDS; what is not known comes last."""
    lacking = behind or {}
    keys = {
        "left": lambda one: -1 if one.left is None else one.left,
        "share": lambda one: -2.0 if one.share is None else -one.share,
        "visit": lambda one: -1 if one.days_behind is None else one.days_behind,
        "behind": lambda one: lacking.get(one.code, -1),
    }
    by_name = sorted(villages, key=lambda one: (one.name, one.code))
    return sorted(by_name, key=keys[sort], reverse=True) if sort in keys else by_name


def state_words() -> dict[State, tuple[str, str]]:
    """Return badge and words of the states that need a word."""
    return {state: (STATE_BADGES[state], _(words)) for state, words in STATE_WORDS.items()}
