"""Every word said about a submission exists in Chinese too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

import server
from forms import checks, domain_checks, problems
from forms.measurements import LIMITS

PLACE = re.compile(r"%\((\w+)\)s")

MESSAGES = [
    *problems.REFUSALS.values(),
    *checks.MESSAGES.values(),
    *domain_checks.MESSAGES.values(),
    *(limits.label for limits in LIMITS.values()),
    # What an identifier that is too long can be.
    "form id",
    "form version",
    "instance id",
]

with (Path(server.__path__[0]) / "locale/zh/submission.po").open("rb") as file:
    CHINESE = {message.id: message.string for message in read_po(file, "zh") if message.id}


@pytest.mark.parametrize("message", sorted(set(MESSAGES)))
def test_a_message_has_its_chinese_with_the_same_places(message: str) -> None:
    chinese = str(CHINESE.get(message, ""))

    assert re.search("[\u4e00-\u9fff]", chinese)
    assert sorted(PLACE.findall(chinese)) == sorted(PLACE.findall(message))


def test_nothing_is_translated_that_nobody_says() -> None:
    assert set(CHINESE) == set(MESSAGES)
