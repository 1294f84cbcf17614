"""What one submission says: its answers by path, by repetition and by concept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from forms.entities import EntityBlock
from forms.plan import ReadingPlan, Source
from forms.problems import Complaint, Parameter
from forms.values import GeoPoint, read_day, read_geopoint, read_instant, read_integer, read_number


class Group:
    """The answers of one repetition, or of the part outside repeats, plain groups folded in.

    Accessors by path take the field's full path and give None when the answer is absent, blank
    or not of that type. Accessors by concept ask the form's fields in order and give the first
    answer that means something, in the concept's own words.
    `values` holds the trimmed text of every answer that was present, "" for one left empty.
    `position` holds the 1-based numbers of the enclosing repetitions, outermost first.
    """

    __slots__ = ("plan", "position", "repeats", "scope", "values")

    def __init__(self, plan: ReadingPlan, scope: str, position: tuple[int, ...]) -> None:
        self.plan = plan
        self.scope = scope
        self.position = position
        self.values: dict[str, str] = {}
        self.repeats: dict[str, list[Group]] = {}

    def text(self, path: str) -> str | None:
        """Return the trimmed text of a field."""
        return self.values.get(path) or None

    def number(self, path: str) -> float | None:
        """Return a decimal or integer answer."""
        return read_number(self.values.get(path, ""))

    def integer(self, path: str) -> int | None:
        """Return a whole number; "143.0" is 143."""
        return read_integer(self.values.get(path, ""))

    def date(self, path: str) -> date | None:
        """Return a calendar day, as the phone's own zone has it."""
        return read_day(self.values.get(path, ""))

    def instant(self, path: str) -> datetime | None:
        """Return a dateTime as an aware UTC instant; None when it names no zone."""
        return read_instant(self.values.get(path, ""))

    def geopoint(self, path: str) -> GeoPoint | None:
        """Return a fix: latitude, longitude, altitude_m, accuracy_m."""
        return read_geopoint(self.values.get(path, ""))

    def repetitions(self, repeat_path: str) -> Sequence[Group]:
        """Return the repetitions of a repeat directly inside this group, in the order sent."""
        return self.repeats.get(repeat_path, ())

    def concept(self, name: str) -> str | None:
        """Return the answer to a concept within this group, not inside its repeats."""
        return self._first(self.plan.sources(self.scope, name))

    def concepts(self, prefix: str) -> dict[str, str]:
        """Return {rest of the concept's name: answer} of the answered concepts that start so.

        `concepts("measure.")` gives {"sbp": "142", …}, in the form's order.
        """
        found = {}
        for rest, sources in self.plan.under(self.scope, prefix):
            text = self._first(sources)
            if text is not None:
                found[rest] = text
        return found

    def has_concept(self, name: str) -> bool:
        """Say whether the form asks for the concept in this scope, answered or not."""
        return bool(self.plan.sources(self.scope, name))

    def concept_path(self, name: str) -> str:
        """Return the path of the field that answers a concept, else of its first, else ""."""
        sources = self.plan.sources(self.scope, name)
        answering = (source.path for source in sources if self.values.get(source.path))
        return next(answering, sources[0].path if sources else "")

    def complaint(self, code: str, concept: str, **params: Parameter) -> Complaint:
        """Return a complaint laid to the field that answers `concept` in this group."""
        return Complaint(code, self.concept_path(concept), self.position, params)

    def everywhere(self) -> Iterator[Group]:
        """Give this group, then all repetitions below it, outer before inner, in the order sent."""
        yield self
        for repetitions in self.repeats.values():
            for repetition in repetitions:
                yield from repetition.everywhere()

    def groups(self, prefix: str) -> list[Group]:
        """Return the groups of `everywhere` that are asked a concept under `prefix`."""
        return [group for group in self.everywhere() if self.plan.under(group.scope, prefix)]

    def _first(self, sources: tuple[Source, ...]) -> str | None:
        for source in sources:
            text = self.values.get(source.path)
            meaning = source.translate(text) if text else ""
            if meaning:
                return meaning
        return None


class Answers(Group):
    """All that one submission says, read by its form.

    `instance_name` is the title the form gave it, "" without. `file_names` are the files its
    binary fields and audit log name, in order, unique. `entities` are its entity blocks.
    `unknown` maps paths the form does not have to their text (or a repeated answer to a field
    that may come once): kept apart, never a failure.
    """

    __slots__ = (
        "entities",
        "file_names",
        "form_id",
        "instance_id",
        "instance_name",
        "is_encrypted",
        "unknown",
        "version",
    )

    def __init__(
        self,
        plan: ReadingPlan,
        *,
        form_id: str,
        version: str,
        instance_id: str,
        is_encrypted: bool = False,
    ) -> None:
        super().__init__(plan, "", ())
        self.form_id = form_id
        self.version = version
        self.instance_id = instance_id
        self.instance_name = ""
        self.is_encrypted = is_encrypted
        self.file_names: tuple[str, ...] = ()
        self.entities: tuple[EntityBlock, ...] = ()
        self.unknown: dict[str, str] = {}
