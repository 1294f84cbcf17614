"""The administrator's handbook keeps up: every command and every setting stands in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from server.cli.main import main

HOME = Path(__file__).parents[2]
HANDBOOKS = ("docs/administrator.en.md", "docs/administrator.zh.md")


def _commands(command: click.Command, name: str) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    for part, below in command.commands.items():
        if not below.hidden:
            yield from _commands(below, f"{name} {part}")


def _settings() -> set[str]:
    texts = (path.read_text("utf-8") for path in sorted((HOME / "server").rglob("*.py")))
    return {
        node.value
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"DOORSTEP_[A-Z_]+", node.value)
    }


@pytest.mark.parametrize("handbook", HANDBOOKS)
def test_every_command_is_in_the_handbook(handbook: str) -> None:
    text = (HOME / handbook).read_text("utf-8")

    commands = set(_commands(main, "doorstep"))

    assert "doorstep serve" in commands
    assert {name for name in commands if name not in text} == set()


@pytest.mark.parametrize("handbook", HANDBOOKS)
def test_every_setting_is_in_the_handbook(handbook: str) -> None:
    text = (HOME / handbook).read_text("utf-8")

    settings = _settings()

    assert "DOORSTEP_DATA" in settings
    assert {name for name in settings if not re.search(rf"{name}\b", text)} == set()
