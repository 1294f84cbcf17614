"""What a list of submissions is narrowed to, as an address tells it, and back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import parse_qs, urlencode

from werkzeug.datastructures import MultiDict

from server.survey.answer_search import COMPARISONS, LONGEST_TEXT, Search
from server.survey.submissions import Wanted
from server.web.review_words import REVIEW_WORDS

Given = MultiDict[str, str]


def given_in(query: str) -> Given:
    """Return the places of an address's query: a page carries the query of its list along."""
    return MultiDict(parse_qs(query))


def wanted_of(given: Given, states: Mapping[str, str], persons: tuple[str, ...] | None) -> Wanted:
    """Return what is to be listed. `persons` are those that an ID number which was typed names."""
    state, review = given.get("state", ""), given.get("review", "")
    return Wanted(
        village=given.get("village", ""),
        form_id=given.get("form", ""),
        phone_id=given.get("phone", type=int),
        day=given.get("day", type=date.fromisoformat),
        flag=given.get("flag", ""),
        state=state if state in states else "",
        lacks_files="lacks_files" in given,
        review=review if review in REVIEW_WORDS else "",
        person_ids=(given["person"],) if given.get("person") else persons,
    )


def search_of(given: Given) -> Search:
    """Return what is to be found in answers."""
    comparison = given.get("is", "contains")
    return Search(
        text=given.get("q", "").strip()[:LONGEST_TEXT],
        question=given.get("question", "") if given.get("form") else "",
        comparison=comparison if comparison in COMPARISONS else "contains",
    )


def query_of(given: Given, **changes: object) -> str:
    """Return the query of the list's own address, with some places changed; None takes one away."""
    kept = [
        (key, text)
        for key, text in given.items(multi=True)
        if text and key not in changes and key in _KEPT
    ]
    return urlencode([*kept, *((key, one) for key, one in changes.items() if one)])


_KEPT = {
    *("village", "form", "phone", "day", "flag", "state", "lacks_files", "review", "person"),
    *("q", "question", "is"),
}
