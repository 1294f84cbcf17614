"""The least and greatest number a constraint allows, where it says so plainly."""

from __future__ import annotations

import re

_NUMBER = r"(-?\d+(?:\.\d+)?)"
_LEFT = re.compile(rf"\.\s*(<=|>=|<|>)\s*{_NUMBER}\Z")
_RIGHT = re.compile(rf"{_NUMBER}\s*(<=|>=|<|>)\s*\.\Z")
_MIRROR = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_WORD = re.compile(r"\s(and|or)\s")


def bounds_of(constraint: str, whole: bool) -> tuple[float | None, float | None]:
    """Return (lower, upper) of a constraint such as ". >= 60 and . <= 280", None where unlimited.

    Only parts that must all hold count, so a bound is always necessary, never a guess: of
    ". >= 30 and . <= ${sbp} - 10" the 30 is taken, of ". < 5 or . = 99" nothing. With `whole`
    numbers ". > 0" means 1; otherwise the limit itself is returned though it is excluded.
    """
    lower: float | None = None
    upper: float | None = None
    for part in _parts(constraint):
        sign, limit = _comparison(part)
        step = 1.0 if whole and limit.is_integer() else 0.0
        if sign in {">", ">="}:
            limit += step if sign == ">" else 0.0
            lower = limit if lower is None else max(lower, limit)
        elif sign in {"<", "<="}:
            limit -= step if sign == "<" else 0.0
            upper = limit if upper is None else min(upper, limit)
    return lower, upper


def _comparison(part: str) -> tuple[str, float]:
    if found := _LEFT.match(part):
        return found[1], float(found[2])
    if found := _RIGHT.match(part):
        return _MIRROR[found[2]], float(found[1])
    return "", 0.0


def _parts(expression: str) -> list[str]:
    """Return what `and` joins on the outermost level; nothing when an `or` stands there."""
    bare = _without_brackets(expression)
    parts = []
    start = 0
    for found in _WORD.finditer(bare):
        if found[1] == "or":
            return []
        parts.append(expression[start : found.start()])
        start = found.end()
    parts.append(expression[start:])
    return [_unwrapped(part.strip()) for part in parts]


def _without_brackets(expression: str) -> str:
    """Return the expression with quoted and bracketed text blanked, every place kept."""
    bare = []
    depth = 0
    quote = ""
    for sign in expression:
        if quote:
            quote = "" if sign == quote else quote
            bare.append("_")
        elif sign in "'\"":
            quote = sign
            bare.append("_")
        else:
            depth += (sign in "([") - (sign in ")]")
            bare.append("_" if depth or sign in ")]" else sign)
    return "".join(bare)


def _unwrapped(part: str) -> str:
    """Return the inside of a part that is one bracket, such as "(. >= 1)"."""
    while part.startswith("(") and part.endswith(")") and set(_without_brackets(part)) == {"_"}:
        inside = part[1:-1].strip()
        if len(_parts(inside)) != 1:
            return part
        part = inside
    return part
