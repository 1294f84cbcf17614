"""What checks say of records, in words: both languages, with their figures, and nobody named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server.app import make_app
from server.config import Settings
from server.survey.quality.records.flagged import ASKING
from server.survey.quality.records.found import CHECKS
from server.survey.site import open_site
from server.web import record_words

READING = {"name": "weight", "value": 160.0, "person": 2, "usual": 60.0, "low": 55.0, "high": 66.5}
# Check, indicator, figures, and what its sentence tells in English.
TOLD: list[tuple[str, str, dict[str, Any], str]] = [
    (
        "reading",
        "weight/2",
        {**READING, "tried": 133, "stratum": "grown"},
        "Person 2: Weight 160 kg; half of 133 persons alike have 55 to 66.5.",
    ),
    (
        "duration",
        "",
        {"seconds": 20.0, "usual_s": 565.0, "tried": 30, "is_log": False},
        "It took 20 seconds; 9 minutes would be usual.",
    ),
    (
        "duration",
        "",
        {"seconds": 20.0, "usual_s": None, "tried": 0, "is_log": False},
        "It took 20 seconds; too few forms to say what is usual.",
    ),
    (
        "duration",
        "",
        {"seconds": 20.0, "usual_s": 565.0, "tried": 30, "is_log": True},
        "20 seconds on questions, by the phone's log; 9 minutes would be usual.",
    ),
    ("clock", "night", {"minute": 23 * 60 + 5}, "By the phone's clock it began at 23:05."),
    (
        "clock",
        "outside",
        {"day": "2026-12-24", "first": "2026-11-01", "last": "2026-11-30"},
        "The visit is of 24 Dec 2026; the round of the village is from 1 Nov 2026 to 30 Nov 2026.",
    ),
    ("clock", "jump", {"minutes": 120}, "The phone's clock was set back by 2 hours meanwhile."),
    (
        "clock",
        "early",
        {"started": 0},
        "By the phone's clock it was filled in before its form was published.",
    ),
    (
        "position",
        "far",
        {"distance_m": 38803, "limit_m": 3000, "is_registered": False},
        "38.8 km from the village; up to 3.0 km would be usual.",
    ),
    ("position", "far", {"outside_m": 540}, "0.5 km outside the border of the village."),
    (
        "heap",
        "",
        {"households": 6, "within_m": 20.0, "minutes": 90},
        "6 households within 20 m, filled in over 2 hours.",
    ),
    (
        "same_answers",
        "",
        {"same": 39, "tried": 40, "other": 4},
        "39 of 40 answers are those of another record of this phone.",
    ),
    (
        "unanswered",
        "",
        {"blank": 12, "asked": 20, "usual": 1.25, "tried": 30},
        "12 of 20 questions have no answer; about 1.2 would be usual here.",
    ),
    (
        "stray_code",
        "f/weight/999",
        {"name": "weight", "value": 999.0, "events": 3, "next": 81.0},
        "Weight is 999 in 3 records, and 81 comes next: does it mean that it is not known?",
    ),
    (
        "unread",
        "version_unknown",
        {"form": "roster", "version": "9"},
        "It came in version 9 of the form roster, which was never published here.",
    ),
    (
        "unknown_village",
        "130921211999",
        {"village": "130921211999", "records": 3},
        "The registry has no village 130921211999; 3 records name it.",
    ),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("words")
    site = open_site(Settings.read({}, str(folder), None))
    yield make_app(site)
    site.close()


@pytest.mark.parametrize(("check", "indicator", "figures", "words"), TOLD)
def test_a_reason_has_its_figures_in_both_languages(
    app: Flask, check: str, indicator: str, figures: dict[str, Any], words: str
) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        english = record_words.sentence(check, indicator, figures)
        pairs = record_words.pairs(check, figures)
    with app.test_request_context(headers={"Accept-Language": "zh"}):
        chinese = record_words.sentence(check, indicator, figures)

    assert english == words
    assert chinese.endswith(("\u3002", "\uff1f"))
    assert all(one["label"] and one["value"] for one in pairs)


def test_every_check_has_a_reason() -> None:
    of_flags = {check for check, _ in ASKING.values()}

    assert {check for check, _, _, _ in TOLD} | of_flags == set(CHECKS)


def flag(code: str, place: str = "", **params: Any) -> dict[str, Any]:
    return {"code": code, "place": place, "params": params}


@pytest.mark.parametrize("code", sorted(ASKING))
def test_every_flag_that_asks_is_told_without_what_was_answered(app: Flask, code: str) -> None:
    secret = {"said": "1971-01-03", "id": "1971-01-02", "value": "1", "limit": "2"}
    told = flag(
        code,
        "1",
        **{**secret, "what": "Weight", "unit": "kg", "lower": "1", "upper": "9", "minutes": 90},
        **{"systolic": "130", "diastolic": "125", "size": 3, "listed": 1, "age": "4"},
        day="2029-10-20",
    )

    with app.test_request_context(headers={"Accept-Language": "en"}):
        words = record_words.sentence(ASKING[code][0], ASKING[code][1], {"flags": [told]})

    assert words.startswith("Person 1: ")
    assert words.endswith(".")
    assert "1971" not in words
    assert "%(" not in words


def test_the_day_follows_from_the_clock_and_the_rest_is_counted(app: Flask) -> None:
    ahead = [flag("start_in_future", minutes=1578068), flag("visit_in_future", day="2029-10-20")]
    many = [flag("id_checksum", str(number)) for number in range(1, 5)]

    with app.test_request_context(headers={"Accept-Language": "en"}):
        clock = record_words.sentence("clock", "ahead", {"flags": ahead})
        several = record_words.sentence("identity", "number", {"flags": many})
        lines = record_words.flag_lines({"flags": ahead})

    assert clock == "By the phone's clock it was sent 3 years before it was filled in."
    assert several.endswith("And 2 more.")
    assert len(lines) == 2
