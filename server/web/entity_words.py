"""What pages of entities call things, and what a reader may see and do there."""

from __future__ import annotations

from typing import Any

from flask import request

from server.survey import entity_columns, entity_veil, flags
from server.survey.accounts import Right
from server.survey.entities import backlog
from server.survey.entity_veil import EntityVeil
from server.survey.first_run import PROJECT
from server.web import door
from server.web.language import _

VERB_WORDS = {
    "create": "Created",
    "update": "Changed",
    "resolve": "Conflict resolved",
    "delete": "Deleted",
    "restore": "Restored",
}
KIND_WORDS = {
    "text": "text",
    "integer": "whole number",
    "decimal": "number",
    "date": "day",
    "yes_no": "yes or no",
    "choice": "one of several choices",
    "place": "place",
    "entity": "entity of a list",
}
CONFLICT_WORDS = {
    "soft": ("watch", "Several changed different values"),
    "hard": ("watch", "Several changed the same value"),
}
OUTCOME_WORDS = {
    "applied": "Applied",
    "held": "Waits for the change before it",
    "waiting": "Waits for approval",
    "rejected": "Rejected",
    "superseded": "An edit: not applied again",
    "faulty": "Faulty",
}


def veil_for(list_name: str) -> EntityVeil:
    """Return the veil between the reader and a list: personal properties are masked on pages."""
    return entity_veil.veil_of_list(
        door.session().connection(),
        PROJECT,
        list_name,
        shows_personal=False,
        shows_sensitive=door.account().may(Right.SEE_SENSITIVE),
    )


def may_change(list_name: str) -> bool:
    """Say whether the reader may make, change and delete entities of a list by hand."""
    is_kept_here = list_name != entity_columns.CLINICS
    return is_kept_here and door.account().may(Right.REVEAL_PERSONS)


def base_version() -> int:
    """Return the version the reader looked at, 0 for nonsense."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def words() -> dict[str, Any]:
    """Return what pages of entities call things."""
    return {
        "verb_words": VERB_WORDS,
        "conflict_words": CONFLICT_WORDS,
        "outcome_words": lambda code, fault="": _(
            OUTCOME_WORDS.get(code) or flags.title(code)
            if code != "faulty" or not fault
            else flags.title(fault)
        ),
        "clock": backlog.CLOCK,
    }
