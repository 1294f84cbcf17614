"""How what checks say of a record is told: in plain words that accuse nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def sentence(check: str, indicator: str, figures: Mapping[str, Any]) -> str:
    """Return the reason in one sentence, by the figures of the signal."""
    return ""


def indicator_name(indicator: str) -> str:
    """Return what was looked at, in words: a question, a measurement; "" for the whole record."""
    return indicator
