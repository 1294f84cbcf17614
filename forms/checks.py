"""Level 1: answers against the form that asked: types, choices, ranges, what is missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from forms.answers import Answers
from forms.plan import Rule
from forms.problems import Complaint, Parameter
from forms.values import (
    read_clock,
    read_day,
    read_geopoint,
    read_geopoints,
    read_instant,
    read_integer,
    read_number,
)

__all__ = ["MESSAGES", "Complaint", "complaints"]

MESSAGES = {
    "not_integer": "“%(value)s” is not a whole number.",
    "not_decimal": "“%(value)s” is not a number.",
    "not_date": "“%(value)s” is not a date.",
    "not_datetime": "“%(value)s” is not a date and time with its time zone.",
    "not_time": "“%(value)s” is not a time of day.",
    "not_geopoint": "“%(value)s” is not a position.",
    "not_geotrace": "“%(value)s” is not a line or an area of positions.",
    "not_boolean": "“%(value)s” is neither true nor false.",
    "not_file_name": "“%(value)s” is not a file name.",
    "unknown_choice": "“%(value)s” is not one of the choices.",
    "too_low": "%(value)s is less than the lowest allowed value, %(limit)s.",
    "too_high": "%(value)s is more than the highest allowed value, %(limit)s.",
    "required_missing": "This question must be answered, and is not.",
    "unknown_field": "The form has no such question, or only one answer to it is allowed.",
    "entity_list_unknown": "The form does not declare the entity list “%(list)s”.",
    "entity_action_undeclared": "The form does not declare that it does this to the entity list "
    "“%(list)s”.",
    "entity_id_missing": "The entity for the list “%(list)s” has no id.",
    "entity_id_malformed": "The entity for the list “%(list)s” has an id that is not a UUID.",
    "entity_label_missing": "The new entity for the list “%(list)s” has no label.",
    "entity_base_missing": "The change to the list “%(list)s” names no base version.",
    "entity_branch_missing": "The change to the list “%(list)s” has a trunk version and no branch.",
}
"""English message ids of every complaint raised here."""

MAX_UNKNOWN_COMPLAINTS = 20
"""More of the same says nothing new: the submission belongs to another form."""

_SHOWN_CHARACTERS = 40
_FILE_NAME = re.compile(r"[^/\\\x00-\x1f]{1,255}")


def _file_name(text: str) -> str | None:
    is_plain = _FILE_NAME.fullmatch(text) and text not in (".", "..")
    return text if is_plain else None


def _boolean(text: str) -> str | None:
    return text if text in ("true", "false", "1", "0") else None


_READERS: dict[str, tuple[Callable[[str], object | None], str]] = {
    "int": (read_integer, "not_integer"),
    "decimal": (read_number, "not_decimal"),
    "date": (read_day, "not_date"),
    "dateTime": (read_instant, "not_datetime"),
    "time": (read_clock, "not_time"),
    "geopoint": (read_geopoint, "not_geopoint"),
    "geotrace": (read_geopoints, "not_geotrace"),
    "geoshape": (read_geopoints, "not_geotrace"),
    "boolean": (_boolean, "not_boolean"),
    "binary": (_file_name, "not_file_name"),
}


def complaints(answers: Answers) -> list[Complaint]:
    """Return what is wrong with answers by their form's own rules, in the order of the answers.

    Left alone: answers the form shows only under a condition and that are absent, choices that
    come from a file, and constraints that are more than a plain range. Nothing of an encrypted
    submission can be checked.
    """
    if answers.is_encrypted:
        return []
    found: list[Complaint] = []
    rules, required = answers.plan.rules, answers.plan.required
    for group in answers.everywhere():
        for path, text in group.values.items():
            rule = rules.get(path)
            if rule is not None and text:
                fault = _fault(rule, text)
                if fault is not None:
                    found.append(Complaint(fault[0], path, group.position, fault[1]))
        for path in required.get(group.scope, ()):
            if not group.values.get(path):
                found.append(Complaint("required_missing", path, group.position))
    found.extend(_unknown(answers))
    found.extend(_entity_faults(answers))
    return found


def _fault(rule: Rule, text: str) -> tuple[str, dict[str, Parameter]] | None:
    """Return the code and parameters of what is wrong with a present answer."""
    if rule.names is not None:
        words = text.split() if rule.is_list else (text,)
        stray = next((word for word in words if word not in rule.names), None)
        return None if stray is None else ("unknown_choice", _value(stray))
    reader = _READERS.get(rule.datatype)
    if reader is None:
        return None
    read, code = reader
    value = read(text)
    if value is None:
        return code, _value(text)
    if isinstance(value, int | float):
        if rule.lower is not None and value < rule.lower:
            return "too_low", {"value": text, "limit": _plain(rule.lower)}
        if rule.upper is not None and value > rule.upper:
            return "too_high", {"value": text, "limit": _plain(rule.upper)}
    return None


def _unknown(answers: Answers) -> Iterator[Complaint]:
    for path in list(answers.unknown)[:MAX_UNKNOWN_COMPLAINTS]:
        yield Complaint("unknown_field", path)


def _entity_faults(answers: Answers) -> Iterator[Complaint]:
    for block in answers.entities:
        for code in block.faults(answers.plan.lists):
            list_name = _clip(block.list_name)
            yield Complaint(code, block.path, block.position, {"list": list_name})


def _value(text: str) -> dict[str, Parameter]:
    return {"value": _clip(text)}


def _clip(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _plain(limit: float) -> str:
    return f"{limit:g}"
