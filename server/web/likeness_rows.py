"""What is told of two side by side, line by line: each value as it may be shown, and if it differs.

Whether two values are the same is told of the values themselves: masked ones may look alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exports.masking import mask_id_number, mask_name, mask_phone
from server.survey.likeness.comparing import Households, HouseholdSide, Persons, PersonSide, Told
from server.survey.people import PersonLine
from server.web import language
from server.web.language import _, ngettext
from server.web.person_words import KIND_WORDS, OUTCOME_WORDS, SCREENING_WORDS

SAME, OTHER, UNKNOWN = "same", "other", ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is, both values, and SAME, OTHER or UNKNOWN ("", one is not known)."""

    label: str
    values: tuple[str, str]
    verdict: str


@dataclass(frozen=True, slots=True)
class Members:
    """The members of two households: `alike` side by side, `others` of each by themselves.

    Those alike come with "id|id" and both names.
    """

    alike: tuple[tuple[str, str, str], ...]
    others: tuple[tuple[str, ...], tuple[str, ...]]


def mask_of(name: str) -> str:
    """Return a name as lists show it, "–" for none."""
    return mask_name(name) if name else "–"


def newer(sides: Sequence[PersonSide] | Sequence[HouseholdSide]) -> int:
    """Return which of two has more records, or the newer one: the one to keep, most likely."""
    first, second = ((one.told.records, str(one.told.last_on)) for one in sides)
    return 1 if second > first else 0


class Rows:
    """Makes the lines of a page for one reader, masked or in full."""

    def __init__(self, is_masked: bool, disease_label: Callable[[str], str]) -> None:
        self._is_masked = is_masked
        self._disease_label = disease_label

    def heads_of_persons(self, found: Persons) -> tuple[str, str]:
        """Return what the two are called."""
        first, second = (self._name(one.line.name) for one in found.sides)
        return first, second

    def heads_of_households(self, found: Households) -> tuple[str, str]:
        """Return what the two are called."""
        first, second = (
            _("Household %(number)s", number=one.line.number or _("without a number"))
            for one in found.sides
        )
        return first, second

    def of_persons(self, found: Persons) -> list[Row]:
        """Return the lines of two persons."""
        one, other = found.sides
        a, b = one.line, other.line
        return [
            _row(_("Name"), (a.name, b.name), self._name),
            _row(_("Sex"), (a.sex, b.sex), lambda sex: _sex(sex)),
            Row(
                _("Born"),
                (self._born(a), self._born(b)),
                _verdict(str(a.birth_date or ""), str(b.birth_date or "")),
            ),
            _row(_("ID number"), (a.id_number, b.id_number), self._mask(mask_id_number)),
            _row(_("Phone"), (a.phone, b.phone), self._mask(mask_phone)),
            _row(_("Village"), (a.village, b.village), str),
            _row(_("Household"), (one.household_number, other.household_number), str),
            _row(_("Kind"), (a.kind, b.kind), lambda kind: _word(KIND_WORDS, kind)),
            Row(_("Screening"), (_screening(a), _screening(b)), UNKNOWN),
            Row(_("Findings"), (self._findings(a), self._findings(b)), UNKNOWN),
            *_told(one.told, other.told),
        ]

    def of_households(self, found: Households) -> list[Row]:
        """Return the lines of two households."""
        one, other = found.sides
        a, b = one.line, other.line
        rows = [
            _row(_("Number"), (a.number, b.number), str),
            _row(_("Head"), (a.head, b.head), self._name),
            _row(_("Phone"), (a.phone, b.phone), self._mask(mask_phone)),
            _row(_("Village"), (a.village, b.village), str),
            _row(_("Group"), (a.villager_group, b.villager_group), str),
            _row(_("Kind"), (a.kind, b.kind), lambda kind: _word(KIND_WORDS, kind)),
            _row(_("Persons told"), (_size(a.size), _size(b.size)), str),
            Row(
                _("Outcome"),
                (_(OUTCOME_WORDS[a.outcome][1]), _(OUTCOME_WORDS[b.outcome][1])),
                UNKNOWN,
            ),
            *_told(one.told, other.told),
        ]
        if found.apart_m is not None:
            metres = language.number(round(found.apart_m))
            both = _("%(metres)s m from each other", metres=metres)
            rows.append(Row(_("Positions"), (both, ""), UNKNOWN))
        return rows

    def members(self, found: Households) -> Members:
        """Return the members of two households."""
        names = {one.id: one for side in found.sides for one in side.members}
        met = {one for both in found.matched for one in both}
        first, second = (
            tuple(self._member(one) for one in side.members if one.id not in met)
            for side in found.sides
        )
        alike = tuple(
            (f"{one}|{other}", self._member(names[one]), self._member(names[other]))
            for one, other in found.matched
        )
        return Members(alike, (first, second))

    def _member(self, one: PersonLine) -> str:
        return " · ".join(
            told for told in (self._name(one.name), str(one.birth_year or "")) if told
        )

    def _name(self, name: str) -> str:
        return mask_of(name) if self._is_masked else name or "–"

    def _mask(self, mask: Callable[[str], str]) -> Callable[[str], str]:
        return mask if self._is_masked else str

    def _born(self, one: PersonLine) -> str:
        if self._is_masked or not one.birth_date:
            return str(one.birth_year or "–")
        return language.day(one.birth_date)

    def _findings(self, one: PersonLine) -> str:
        return ", ".join(self._disease_label(case.code) for case in one.cases) or "–"


def _row(label: str, values: tuple[str, str], shown: Callable[[str], str]) -> Row:
    first, second = (shown(value) if value else "–" for value in values)
    return Row(label, (first, second), _verdict(*values))


def _verdict(one: str, other: str) -> str:
    if not one or not other:
        return UNKNOWN
    return SAME if one == other else OTHER


def _told(one: Told, other: Told) -> list[Row]:
    first, second = (_records(told) for told in (one, other))
    workers = tuple(", ".join(told.workers) or "–" for told in (one, other))
    return [
        Row(_("Records"), (first, second), UNKNOWN),
        Row(_("Worker"), (workers[0], workers[1]), _verdict(*workers)),
    ]


def _records(told: Told) -> str:
    number = ngettext("%(n)s record", "%(n)s records", told.records)
    days = [language.day(day) for day in dict.fromkeys((told.first_on, told.last_on)) if day]
    return " · ".join([number, " – ".join(days)]) if days else number


def _screening(one: PersonLine) -> str:
    word = _(SCREENING_WORDS[one.screening][1]) if one.screening in SCREENING_WORDS else "–"
    return f"{word} · {language.day(one.screened_on)}" if one.screened_on else word


def _sex(sex: str) -> str:
    return {"male": _("male"), "female": _("female")}.get(sex, sex)


def _word(words: dict[str, str], name: str) -> str:
    return _(words[name]) if name in words else name


def _size(size: int | None) -> str:
    return "" if size is None else language.number(size)
