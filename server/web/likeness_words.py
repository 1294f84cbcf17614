"""How it is told that two look like one: in plain words, without a name or a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from server.web.language import _, ngettext

RULE_WORDS = {
    "id_number": "Two persons have the same ID number.",
    "name_birth": "Two persons have the same name and the same date of birth.",
    "sound_birth": "Two persons have names that sound alike, and the same date of birth.",
    "near_birth": "Two persons have names that differ in one character, and the same date of "
    "birth.",
    "household_name": "Two persons of one household have the same name.",
    "phone": "Two households have the same telephone.",
}


def reason(rule: str, matched: int = 0) -> str:
    """Return in one sentence what makes two look like one; "" where no check said so."""
    if rule == "members":
        return ngettext(
            "%(n)s person looks the same in two households.",
            "%(n)s persons look the same in two households.",
            matched,
        )
    return _(RULE_WORDS[rule]) if rule in RULE_WORDS else ""


def sentence(_indicator: str, figures: Mapping[str, Any]) -> str:
    """Return the reason of a signal."""
    return reason(figures["rule"], figures["matched"])
