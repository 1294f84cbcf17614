"""How alike two names are: as written, as they sound, and but for one sign. Pure.

Workers write what they hear: 王小一 and 王晓一, 曾 and 增. In the south-west n and l, zh and z,
in and ing sound the same (domain: Yunnan), and minorities' names are written by sound alone. A
sign left out is often that of the generation, which brothers and sisters share.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module

SAME, SOUND, NEAR, OTHER = "same", "sound", "near", ""
# One letter of shorter foreign names makes another name.
SHORTEST_LETTERS = 6
# 王伟 and 王芳 differ in one sign of two: nothing alike.
SHORTEST_SIGNS = 3


def clean(name: str) -> str:
    """Return a name without what is not part of it: spaces, points, width, capitals, accents."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    return unicodedata.normalize("NFC", "".join(one for one in plain if one.isalpha()))


def likeness(one: str, other: str) -> str:
    """Return SAME, SOUND, NEAR or OTHER ("") for two names; OTHER where one is blank.

    Names of signs sound the same when each pair of signs shares a reading; one in letters when it
    is the other's reading. They are near when one sign is another, missing, or two have changed
    places, and the first, the family's, sounds the same.
    """
    one, other = clean(one), clean(other)
    if not one or not other:
        return OTHER
    if one == other:
        return SAME
    if one.isascii() and other.isascii():
        return _letters(one, other)
    if one.isascii() or other.isascii():
        letters, signs = (one, other) if one.isascii() else (other, one)
        return SOUND if _is_reading(letters, signs) else OTHER
    if len(one) == len(other) and all(map(_sounds_like, one, other)):
        return SOUND
    return _signs(one, other)


def _letters(one: str, other: str) -> str:
    if min(len(one), len(other)) >= SHORTEST_LETTERS and _is_one_apart(one, other, is_sound=False):
        return NEAR
    return OTHER


def _signs(one: str, other: str) -> str:
    longest, shortest = max(len(one), len(other)), min(len(one), len(other))
    if longest < SHORTEST_SIGNS or shortest < 2 or not _sounds_like(one[0], other[0]):
        return OTHER
    return NEAR if _is_one_apart(one, other, is_sound=True) else OTHER


def _is_one_apart(one: str, other: str, *, is_sound: bool) -> bool:
    """Say whether one change makes one text the other: put in, left out, replaced, two swapped.

    That is a Damerau-Levenshtein distance of 1; signs that sound the same count as the same.
    """
    alike = _sounds_like if is_sound else str.__eq__
    if len(one) > len(other):
        one, other = other, one
    start = 0
    while start < len(one) and alike(one[start], other[start]):
        start += 1
    if len(other) == len(one) + 1:
        return all(map(alike, one[start:], other[start + 1 :]))
    if len(one) != len(other):
        return False
    if all(map(alike, one[start + 1 :], other[start + 1 :])):
        return True
    swapped = one[start : start + 2] == other[start : start + 2][::-1]
    return swapped and all(map(alike, one[start + 2 :], other[start + 2 :]))


@lru_cache(maxsize=65_536)
def _sounds_like(one: str, other: str) -> bool:
    return one == other or not readings(one).isdisjoint(readings(other))


def _is_reading(letters: str, signs: str) -> bool:
    """Say whether letters spell a way to read the signs, the family's name first or last."""
    # "v" stands for "ü" where a keyboard has none; marks above letters are gone already.
    ways = [_spellings(sign) for sign in signs]
    ways = [way | {one.replace("v", "u") for one in way} for way in ways]
    return _spells(letters, ways) or _spells(letters, [*ways[1:], ways[0]])


def _spells(letters: str, ways: list[frozenset[str]]) -> bool:
    rests = {letters}
    for spellings in ways:
        rests = {
            rest.removeprefix(one) for rest in rests for one in spellings if rest.startswith(one)
        }
    return "" in rests


@lru_cache(maxsize=65_536)
def readings(sign: str) -> frozenset[str]:
    """Return how a sign may sound, without tones, as the south-west tells sounds apart.

    A sign without a reading, such as a letter, sounds like itself.
    """
    return frozenset(_southwestern(one) for one in _spellings(sign)) or frozenset((sign,))


@lru_cache(maxsize=65_536)
def _spellings(sign: str) -> frozenset[str]:
    if sign.isascii():
        return frozenset((sign,))
    found = _pinyin()(sign, style=0, heteronym=True, errors="ignore", v_to_u=False)
    return frozenset(one for many in found for one in many)


def _southwestern(syllable: str) -> str:
    """Return one form for syllables that Yunnan and its neighbours pronounce alike."""
    for told, heard in (("zh", "z"), ("ch", "c"), ("sh", "s"), ("n", "l")):
        if syllable.startswith(told):
            syllable = heard + syllable[len(told) :]
            break
    return syllable[:-1] if syllable.endswith(("ing", "eng")) else syllable


@cache
def _pinyin() -> Callable[..., list[list[str]]]:
    # 60 MB: loaded at the first use, by the process that runs the checks.
    found: Callable[..., list[list[str]]] = import_module("pypinyin").pinyin
    return found
