"""docs/openrosa-rules.md: every rule is there, and the test that holds it too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

HOME = Path(__file__).parents[2]
# How many rules each section of the checklist has; T are the twenty trials.
SECTIONS = {
    "0.": 12,
    "A": 19,
    "B": 17,
    "C": 28,
    "D": 16,
    "E": 10,
    "F": 25,
    "G": 10,
    "J": 15,
    "T": 20,
}
STATES = {"held", "the phone's side", "elsewhere", "open"}


class Rule(NamedTuple):
    """One line of the table; `tests` are paths and names, as pytest takes them."""

    number: str
    words: str
    state: str
    tests: list[str]


def rules() -> Iterator[Rule]:
    text = (HOME / "docs" / "openrosa-rules.md").read_text(encoding="utf-8")
    for line in text.splitlines():
        if re.match(r"\| [0A-Z][.\d]", line):
            number, words, state, tests = (cell.strip() for cell in line.strip("|").split("|"))
            yield Rule(number, words, state, re.findall(r"`([^`]+::[^`]+)`", tests))


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file; none when there is no such file."""
    if not (HOME / path).is_file():
        return frozenset()
    tree = ast.parse((HOME / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize(("section", "count"), SECTIONS.items())
def test_every_rule_of_the_checklist_has_one_line(section: str, count: int) -> None:
    numbers = [rule.number for rule in rules() if rule.number.startswith(section)]

    assert numbers == [f"{section}{number}" for number in range(1, count + 1)]


def test_every_test_that_is_named_exists() -> None:
    named = {test for rule in rules() for test in rule.tests}

    missing = [test for test in named if test.split("::")[1] not in names_in(test.split("::")[0])]

    assert len(named) > 100
    assert missing == []


def test_what_is_called_held_is_held_by_a_test_and_every_state_is_a_known_one() -> None:
    assert {rule.number: rule.state for rule in rules() if rule.state not in STATES} == {}
    assert [rule.number for rule in rules() if rule.state == "held" and not rule.tests] == []
    assert [rule.number for rule in rules() if not rule.words] == []
