"""Diseases, catalogues and clues as the reference files tell them, read once.

The rows come from server/reference/*.csv. A site adds its own in CSV files of the same names in
its data folder: a list's missing entry, a county's own list. Pure: no database.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from server.errors import Unreadable
from server.survey import delimited

REFERENCE = Path(__file__).parent.parent / "reference"
SENSITIVITIES = ("health", "mental", "infectious", "hiv")
"""Who may see a name beside the disease: anyone with a right to persons, or only some."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Disease:
    """One disease. `level` is type (a heading with kinds below), kind, type_kind (both) or disease.

    `icd10` is the WHO code list as printed; local books add digits, so compare by prefix. Ages
    are completed years at confirmation, None for no limit. `sex` is any, female or male.
    """

    code: str
    parent: str
    level: str
    label_zh: str
    label_en: str
    icd10: str
    age_min: int | None
    age_max: int | None
    sex: str
    default_class: str
    sensitivity: str
    note: str

    def label(self, language: str) -> str:
        """Return the name in "zh" or "en"."""
        return self.label_zh if language.startswith("zh") else self.label_en


@dataclass(frozen=True, slots=True)
class Clue:
    """What a form finds but cannot tell apart: the hospital does, among `candidates`."""

    code: str
    label_zh: str
    label_en: str
    candidates: tuple[str, ...]
    sensitivity: str

    def label(self, language: str) -> str:
        """Return the name in "zh" or "en"."""
        return self.label_zh if language.startswith("zh") else self.label_en


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a catalogue; `as_printed` is the list's own wording, "" when not known."""

    position: int
    disease: Disease
    as_printed: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A list of diseases that some office printed. `count_printed` is what it says of itself."""

    id: str
    title_zh: str
    title_en: str
    jurisdiction: str
    year: str
    count_printed: str
    is_verified: bool
    source: str
    note: str
    members: tuple[Member, ...]

    def title(self, language: str) -> str:
        """Return the title in "zh" or "en"."""
        return self.title_zh if language.startswith("zh") else self.title_en

    @property
    def kinds(self) -> int:
        """Count the lowest lines: members that have no kinds of their own below them."""
        headings = {member.disease.parent for member in self.members}
        return sum(member.disease.code not in headings for member in self.members)

    @property
    def types(self) -> int:
        """Count the headings: a kind counts under its type, whether or not that is a line too."""
        return len({member.disease.parent or member.disease.code for member in self.members})

    @property
    def printed(self) -> int | None:
        """Return the number of kinds the list claims to have; None when it claims none."""
        numbers = re.findall(r"[0-9]+", self.count_printed)
        return int(numbers[-1]) if numbers else None

    @property
    def missing(self) -> int:
        """Return how many of the printed kinds nobody has told us: the gap to show."""
        return max(0, (self.printed or 0) - self.kinds)


@dataclass(frozen=True, slots=True)
class Book:
    """All of it, by code."""

    diseases: Mapping[str, Disease]
    catalogues: Mapping[str, Catalogue]
    clues: Mapping[str, Clue]


@lru_cache(maxsize=16)
def read_book(folder: Path | None) -> Book:
    """Return what is shipped and what the site adds in `folder`; read once, at the first use.

    Raises Unreadable for a file of the site that does not fit, naming file and row.
    """
    by_code: dict[str, Disease] = {}

    def disease_below(row: Mapping[str, str]) -> Disease:
        parent = by_code[row["parent"]].code if row["parent"] else ""
        one = _disease({**row, "parent": parent})
        by_code[one.code] = one
        return one

    _by_key("disease_catalogue.csv", folder, ("code",), disease_below)
    return Book(by_code, _catalogues(folder, by_code), _clues(folder))


def _catalogues(folder: Path | None, by_code: Mapping[str, Disease]) -> dict[str, Catalogue]:
    lists: dict[str, list[Member]] = {}

    def member(row: Mapping[str, str]) -> Member:
        one = Member(int(row["position"]), by_code[row["disease_code"]], row["as_printed"])
        lists.setdefault(row["catalogue_id"], []).append(one)
        return one

    _by_key("catalogue_members.csv", folder, ("catalogue_id", "disease_code"), member)
    found = _by_key(
        "catalogues.csv",
        folder,
        ("catalogue_id",),
        lambda row: _catalogue(row, lists.pop(row["catalogue_id"], [])),
    )
    for unknown in lists:
        raise Unreadable(
            "catalogue_members.csv names the catalogue %(id)s, which catalogues.csv does not hold.",
            id=unknown,
        )
    return {one.id: one for one in found.values()}


def _clues(folder: Path | None) -> dict[str, Clue]:
    rules = _by_key("screening_rules.csv", None, ("disease_code",), lambda row: row["disease_code"])
    asked_for_itself = set(rules.values())
    lines = list(_rows("catalogue_members.csv", folder))

    def clue(row: Mapping[str, str]) -> Clue:
        named = row["diseases"].split()
        # "Another special disease" can be none that the form has a question of its own for.
        listed = [
            line["disease_code"]
            for _, _, line in lines
            if line["catalogue_id"] == row["catalogue_id"]
            and line["disease_code"] not in asked_for_itself
        ]
        return Clue(
            row["code"], row["label_zh"], row["label_en"], (*named, *listed), row["sensitivity"]
        )

    return {one.code: one for one in _by_key("clues.csv", None, ("code",), clue).values()}


def _disease(row: Mapping[str, str]) -> Disease:
    if row["sensitivity"] not in SENSITIVITIES:
        raise ValueError(row["sensitivity"])
    return Disease(
        **{
            **row,
            "age_min": int(row["age_min"]) if row["age_min"] else None,
            "age_max": int(row["age_max"]) if row["age_max"] else None,
        }  # type: ignore[arg-type]  # The two ages are the only columns that are no text.
    )


def _catalogue(row: Mapping[str, str], lines: list[Member]) -> Catalogue:
    return Catalogue(
        id=row["catalogue_id"],
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        jurisdiction=row["jurisdiction"],
        year=row["year"],
        count_printed=row["count_printed"],
        is_verified=row["is_verified"] == "yes",
        source=row["source"],
        note=row["note"],
        members=tuple(sorted(lines, key=lambda line: line.position)),
    )


def _by_key(
    name: str,
    folder: Path | None,
    key: tuple[str, ...],
    read: Callable[[Mapping[str, str]], T],
) -> dict[tuple[str, ...], T]:
    """Read a file's rows, shipped and the site's own. Raises Unreadable, naming file and row."""
    found: dict[tuple[str, ...], T] = {}
    for path, number, row in _rows(name, folder):
        where = {"file": str(path), "row": number}
        try:
            one = tuple(row[part] for part in key)
            if one in found:
                raise Unreadable(
                    "%(file)s, row %(row)s: %(key)s is listed already.", key=" ".join(one), **where
                )
            found[one] = read(row)
        except KeyError as error:
            raise Unreadable(
                "%(file)s, row %(row)s: %(name)s is not known, or its column is missing.",
                name=error.args[0],
                **where,
            ) from error
        except (ValueError, TypeError) as error:
            raise Unreadable(
                "%(file)s, row %(row)s cannot be read: %(reason)s", reason=str(error), **where
            ) from error
    return found


def _rows(name: str, folder: Path | None) -> Iterator[tuple[Path, int, dict[str, str]]]:
    for place in (REFERENCE, folder):
        if place is None or not (path := place / name).exists():
            continue
        lines = delimited.rows(path.read_bytes())
        header = next(lines, ())
        for number, line in enumerate(lines, start=2):
            if any(line):
                yield path, number, dict(zip(header, (cell.strip() for cell in line), strict=False))
