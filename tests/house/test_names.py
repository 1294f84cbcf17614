"""The names of the house: no other distribution brings them, and none says nothing."""

from __future__ import annotations

import ast
import re
from importlib.metadata import packages_distributions
from pathlib import Path

HOME = Path(__file__).parents[2]
PACKAGES = ("server", "forms", "exports", "maps")
FOLDERS = (*PACKAGES, "tests", "bench")

# Words that fit anything, and so tell nobody what they hold.
EMPTY_WORDS = {"common", "handler", "helper", "helpers", "manager", "misc", "util", "utils"}


def _paths() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((HOME / folder).rglob("*.py"))]


def _words(name: str) -> set[str]:
    return set(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower().split("_"))


def test_no_other_distribution_brings_a_package_of_our_names() -> None:
    brought = packages_distributions()

    foreign = {name: set(brought.get(name, [])) - {"doorstep"} for name in FOLDERS}

    assert {name: whose for name, whose in foreign.items() if whose} == {}


def test_no_file_or_folder_has_a_name_that_says_nothing() -> None:
    paths = {part for path in _paths() for part in path.relative_to(HOME).with_suffix("").parts}

    assert {name for name in paths if _words(name) & EMPTY_WORDS} == set()


def test_no_class_or_function_has_a_name_that_says_nothing() -> None:
    named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    empty = [
        f"{path.relative_to(HOME)}: {node.name}"
        for path in _paths()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, named) and _words(node.name) & EMPTY_WORDS
    ]

    assert empty == []
