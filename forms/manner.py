"""How a form was filled in, whatever the answers say: what was left open, skipped or said alike.

Counted when a submission is read, once, so that checks on workers need not read its answers
again. Only what a person was asked counts: questions that the form showed and that a client sends
(one that was not shown is not in the XML, one left empty is an empty element).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from lxml import etree

from forms.fields import CompiledForm, Field

# Free text is mostly for remarks; files and positions are counted apart.
_ASKED = frozenset(["integer", "decimal", "date", "select_one", "select_multiple", "range", "time"])
_PHOTOS = frozenset(["image"])
# Names that forms give to "don't know" and "would not say".
_UNSURE = frozenset(["unk", "unknown", "dk", "dont_know", "do_not_know", "not_sure", "refused"])
# Fewer answers alike, and fewer questions skipped, say nothing (methods W6, W7).
BLOCK_LEAST = SECTION_LEAST = 5
_XF = "{http://www.w3.org/2002/xforms}"
_PATH = re.compile(r"/[\w.-]+(?:/[\w.-]+)+")
# What nobody decides: a section for women or children is shown by whom one meets.
_GIVEN = ("person.", "measure.", "household.")


@dataclass(frozen=True, slots=True)
class Manner:
    """What to count in the answers of one form version.

    `sections` are groups of the root that the worker's own choices open; `blocks` are runs of
    questions, side by side, with the same choices, each with its paths in order.
    """

    asked: Mapping[str, bool]
    photos: tuple[str, ...]
    sections: Mapping[str, tuple[str, ...]]
    blocks: tuple[tuple[str, ...], ...]

    def of(self, groups: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """Return of how many, how many; `groups` are the answers by path, those of the root first.

        `open`: questions left empty or not known. `photos`: photos not taken. `alike`: records
        with a block answered in full, and 1 where one has the same answer throughout. `skipped`:
        by section, 1 where it was not opened. What there was nothing of is left out.
        """
        told: dict[str, Any] = {}
        tried = left = 0
        for group in groups:
            for path, text in group.items():
                is_select = self.asked.get(path)
                if is_select is None:
                    continue
                tried += 1
                left += not text or (is_select and text in _UNSURE)
        if tried:
            told["open"] = [tried, left]
        values = groups[0]
        if shown := [path for path in self.photos if path in values]:
            told["photos"] = [len(shown), sum(not values[path] for path in shown)]
        full = [
            texts for block in self.blocks if all(texts := [values.get(path, "") for path in block])
        ]
        if full:
            told["alike"] = [1, int(any(len(set(texts)) == 1 for texts in full))]
        if self.sections:
            told["skipped"] = {
                name: int(not any(path in values for path in paths))
                for name, paths in self.sections.items()
            }
        return told


def manner_of(form: CompiledForm) -> Manner:
    """Return what to count in a form's answers."""
    asked = {
        field.path: field.kind == "select_one"
        for field in form.fields
        if field.kind in _ASKED and not field.path.startswith("meta/")
    }
    root = [field for field in form.fields if field.repeat is None]
    return Manner(
        asked=asked,
        photos=tuple(field.path for field in root if field.kind in _PHOTOS),
        sections=_sections(form, root, asked),
        blocks=tuple(_blocks(root)),
    )


def _blocks(fields: Iterable[Field]) -> Iterable[tuple[str, ...]]:
    """Give the paths of questions side by side in one group that offer the same choices."""
    seen = [field for field in fields if field.kind in _ASKED or field.kind == "text"]
    for (_, names), run in groupby(seen, key=_offer):
        paths = tuple(field.path for field in run)
        if names and len(paths) >= BLOCK_LEAST:
            yield paths


def _offer(field: Field) -> tuple[str, tuple[str, ...]]:
    names = tuple(choice.name for choice in field.choices) if field.kind == "select_one" else ()
    return field.path.rpartition("/")[0], names


def _sections(
    form: CompiledForm, fields: Iterable[Field], asked: Mapping[str, bool]
) -> dict[str, tuple[str, ...]]:
    """Return the paths of the questions in each section that only choices of the worker open.

    Sections under the same choices are opened together: the first stands for all.
    """
    relevant, calculate = _binds(form)
    known = {field.path: field for field in fields}
    found: dict[str, tuple[str, ...]] = {}
    seen: set[frozenset[str]] = set()
    for group in form.groups:
        inside = tuple(path for path in known if path.startswith(f"{group}/") and path in asked)
        if group in form.repeats or group not in relevant or len(inside) < SECTION_LEAST:
            continue
        choices = _choices(relevant[group], calculate, known)
        if choices and choices not in seen:
            seen.add(choices)
            found[group] = inside
    return found


def _choices(
    expression: str, calculate: Mapping[str, str], known: Mapping[str, Field]
) -> frozenset[str]:
    """Return the questions a condition goes back to; empty when any is no choice of the worker."""
    open_paths, choices, done = _paths(expression), set(), set()
    while open_paths:
        path = open_paths.pop()
        if path in done:
            continue
        done.add(path)
        field = known.get(path)
        if field is None or field.concept.startswith(_GIVEN):
            return frozenset()
        if path in calculate:
            open_paths |= _paths(calculate[path])
        elif field.kind in ("select_one", "select_multiple"):
            choices.add(path)
        else:
            return frozenset()
    return frozenset(choices)


def _paths(expression: str) -> set[str]:
    """Return the paths below the root that an expression names."""
    return {one.split("/", 2)[2] for one in _PATH.findall(expression)}


def _binds(form: CompiledForm) -> tuple[dict[str, str], dict[str, str]]:
    """Return conditions and calculations of a form, by the path below its root."""
    relevant: dict[str, str] = {}
    calculate: dict[str, str] = {}
    if not form.xml:
        return {}, {}
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for bind in etree.fromstring(form.xml, parser).iter(f"{_XF}bind"):
        path = bind.get("nodeset", "").split("/", 2)[-1]
        if told := bind.get("relevant"):
            relevant[path] = told
        if told := bind.get("calculate"):
            calculate[path] = told
    return relevant, calculate
