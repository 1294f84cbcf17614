"""One submission as people read it: by question, in their language, behind their veil."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.answers import Answers, Group
from forms.fields import CompiledForm, Field
from forms.labels import words_in
from forms.plan import MANY
from forms.values import GeoPoint, read_day, read_geopoint, read_instant
from server.survey.veil import Veil
from server.tables.projections import Entity
from server.tables.reference import Village

_INSTANTS = frozenset({"dateTime"})
# Lists of people: what they call an entity names somebody.
_PERSONAL_LISTS = frozenset({"persons.csv", "households.csv"})


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """One answer. `words` is what people read; `at`, `on`, `fix`, `file` its other forms, if any.

    `anchor` names it on the page ("2.member/pname"). `is_hidden`: answered, and not for this
    reader; `is_masked`: some of the words are stars.
    """

    anchor: str
    label: str
    kind: str
    words: str
    is_masked: bool = False
    is_hidden: bool = False
    at: datetime | None = None
    on: date | None = None
    fix: GeoPoint | None = None
    file: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Answers of one group of the form, in its order; `title` is "" for those outside groups."""

    title: str
    answers: list[ShownAnswer]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands outside repeats (`number` 0), or one repetition, counted from 1.

    `recorded` holds what nobody was asked: calculations and what the phone noted by itself.
    """

    title: str
    number: int
    sections: list[Section] = field(default_factory=list)
    recorded: list[ShownAnswer] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)


class Sheet:
    """Lays a submission out. `language` is the reader's: "zh" or "en"."""

    def __init__(self, session: Session, form: CompiledForm, veil: Veil, language: str) -> None:
        self._form = form
        self._veil = veil
        self._language = language
        self._session = session
        self._names: Mapping[tuple[str, str], str] = {}
        self._by_scope: dict[str, list[Field]] = {}
        for one in form.fields:
            if one.kind != "note":
                self._by_scope.setdefault(one.repeat or "", []).append(one)

    def of(self, answers: Answers) -> Part:
        """Return the whole submission."""
        self._names = self._names_of(answers)
        return self._part(answers, "", 0)

    def label(self, path: str) -> str:
        """Return a question's words, its name where it has none, "" for no question."""
        found = next((one for one in self._form.fields if one.path == path), None)
        return (words_in(found.labels, self._language) or found.name) if found else ""

    def _part(self, group: Group, title: str, number: int) -> Part:
        part = Part(title, number)
        for one in self._by_scope.get(group.scope, ()):
            text = group.values.get(one.path, "")
            if not text:
                continue
            shown = self._answer(one, text, group.position)
            if not one.labels:
                part.recorded.append(shown)
                continue
            heading = self._heading(one, group.scope)
            if not part.sections or part.sections[-1].title != heading:
                part.sections.append(Section(heading, []))
            part.sections[-1].answers.append(shown)
        for path in self._form.repeats:
            words = words_in(self._form.groups.get(path, {}), self._language)
            name = words or path.rpartition("/")[2]
            part.parts.extend(
                self._part(repetition, name, repetition.position[-1])
                for repetition in group.repeats.get(path, ())
            )
        return part

    def _heading(self, one: Field, scope: str) -> str:
        """Return the words of the nearest group around a question that has some."""
        path = one.path.rpartition("/")[0]
        while path and path != scope:
            if words := words_in(self._form.groups.get(path, {}), self._language):
                return words
            path = path.rpartition("/")[0]
        return ""

    def _answer(self, one: Field, text: str, position: tuple[int, ...]) -> ShownAnswer:
        anchor = anchor_of(one.path, position)
        label = words_in(one.labels, self._language) or one.name
        if self._veil.hides(one):
            return ShownAnswer(anchor, label, one.kind, "", is_hidden=True)
        if one.choices or one.kind in MANY:
            return self._chosen(one, text, anchor, label)
        shown = self._veil.answer(one, text)
        if shown != text:
            return ShownAnswer(anchor, label, one.kind, shown, is_masked=True)
        if one.choices_file:
            return self._listed(one, text, anchor, label)
        return ShownAnswer(
            anchor,
            label,
            one.kind,
            text,
            at=read_instant(text) if one.datatype in _INSTANTS else None,
            on=read_day(text) if one.datatype == "date" else None,
            fix=read_geopoint(text) if one.datatype == "geopoint" else None,
            file=text if one.datatype == "binary" else "",
        )

    def _chosen(self, one: Field, text: str, anchor: str, label: str) -> ShownAnswer:
        names = text.split() if one.kind in MANY else [text]
        labels = {choice.name: choice.labels for choice in one.choices}
        words = [words_in(labels.get(name, {}), self._language) or name for name in names]
        joined = ("、" if self._language == "zh" else ", ").join(words)
        return ShownAnswer(anchor, label, one.kind, self._veil.text(joined))

    def _listed(self, one: Field, text: str, anchor: str, label: str) -> ShownAnswer:
        """Show a choice from a list by the list's own words, unless they name a person."""
        name = self._names.get((one.choices_file or "", text), "")
        if one.choices_file in _PERSONAL_LISTS and not self._veil.shows_personal:
            return ShownAnswer(anchor, label, one.kind, text[:8], is_masked=True)
        return ShownAnswer(anchor, label, one.kind, f"{name} {text}".strip())

    def _names_of(self, answers: Answers) -> Mapping[tuple[str, str], str]:
        """Return what the lists call the entries that were chosen, in one query a list."""
        chosen: dict[str, set[str]] = {}
        for group in answers.everywhere():
            for one in self._by_scope.get(group.scope, ()):
                if one.choices_file and group.values.get(one.path):
                    chosen.setdefault(one.choices_file, set()).add(group.values[one.path])
        return {
            (file, name): words
            for file, names in chosen.items()
            for name, words in self._entries(file, names)
        }

    def _entries(self, file: str, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        if file == "villages.csv":
            query = select(Village.code, Village.name).where(Village.code.in_(names))
        else:
            query = select(Entity.entity_id, Entity.label).where(
                Entity.list_name == file.removesuffix(".csv"), Entity.entity_id.in_(names)
            )
        for row in self._session.execute(query):
            yield row[0], row[1]


def anchor_of(path: str, position: tuple[int, ...]) -> str:
    """Return the name of an answer on the page: "2.member/pname" for that of the second member."""
    return ".".join([*map(str, position), path])
