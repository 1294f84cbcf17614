"""What reading and checking one form version needs, worked out once for all its submissions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forms.fields import CompiledForm, Field
from forms.manner import manner_of

MANY = frozenset({"select_multiple", "rank"})
"""Kinds of field whose answer is a list of choice names parted by spaces."""

_UNCHECKED = frozenset({"string", "barcode"})


class Step:
    """One node of the form's tree. `children` is None for a field; a `repeat` may come again."""

    __slots__ = ("children", "is_file", "path", "repeat")

    def __init__(self, path: str) -> None:
        self.path = path
        self.children: dict[str, Step] | None = None
        self.repeat = False
        self.is_file = False


@dataclass(frozen=True, slots=True)
class Source:
    """A field that gives a concept, and how its choice names translate into the concept's."""

    path: str
    values: Mapping[str, str]
    is_list: bool

    def translate(self, text: str) -> str:
        """Return `text` in the concept's words, "" when it means nothing to the concept."""
        if not self.values:
            return text
        if self.is_list:
            words = (self.values.get(word, word) for word in text.split())
            return " ".join(word for word in words if word)
        return self.values.get(text, text)


@dataclass(frozen=True, slots=True)
class Rule:
    """What a present answer of one field must be. `names` is None where any text will do."""

    datatype: str
    lower: float | None
    upper: float | None
    names: frozenset[str] | None
    is_list: bool


class ReadingPlan:
    """A form version prepared for reading. Build once, use for every submission, from any thread.

    `scope` below is the path of a repeat, or "" for the part outside repeats.
    """

    def __init__(self, form: CompiledForm) -> None:
        self.form_id = form.form_id
        self.version = form.version
        self.repeats = form.repeats
        self.fields: Mapping[str, Field] = {field.path: field for field in form.fields}
        self.root = _tree(form)
        self.manner = manner_of(form)
        self.lists: dict[str, frozenset[str]] = {}
        for entity in form.entities:
            verbs = {"create": entity.creates, "update": entity.updates}
            does = frozenset(verb for verb, is_declared in verbs.items() if is_declared)
            self.lists[entity.list_name] = self.lists.get(entity.list_name, frozenset()) | does
        self.rules = {
            field.path: rule for field in form.fields if (rule := _rule(field, self.fields))
        }
        self.required: dict[str, tuple[str, ...]] = {}
        self.saved: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        self._lists: dict[tuple[str, str], str] = {}
        self._sources: dict[str, dict[str, tuple[Source, ...]]] = {}
        self._under: dict[tuple[str, str], tuple[tuple[str, tuple[Source, ...]], ...]] = {}
        for field in form.fields:
            self._enter(field)

    def _enter(self, field: Field) -> None:
        scope = field.repeat or ""
        if field.required and not field.relevant:
            self.required[scope] = (*self.required.get(scope, ()), field.path)
        if field.saves_to:
            list_name, name = field.saves_to
            kept = self.saved.get((scope, list_name), ())
            self.saved[scope, list_name] = (*kept, (name, field.path))
            if field.concept:
                self._lists.setdefault((scope, field.concept), list_name)
        if field.concept:
            source = Source(field.path, field.values, field.kind in MANY)
            concepts = self._sources.setdefault(scope, {})
            concepts[field.concept] = (*concepts.get(field.concept, ()), source)

    def sources(self, scope: str, concept: str) -> tuple[Source, ...]:
        """Return the fields of `scope` that give `concept`, in the form's order."""
        return self._sources.get(scope, {}).get(concept, ())

    def saves_to(self, scope: str, concept: str) -> str | None:
        """Return the entity list that the answer to `concept` is saved to, None when to none."""
        return self._lists.get((scope, concept))

    def under(self, scope: str, prefix: str) -> tuple[tuple[str, tuple[Source, ...]], ...]:
        """Return (rest of the name, its fields) of the concepts of `scope` under `prefix`."""
        found = self._under.get((scope, prefix))
        if found is None:
            found = tuple(
                (concept.removeprefix(prefix), sources)
                for concept, sources in self._sources.get(scope, {}).items()
                if concept.startswith(prefix)
            )
            self._under[scope, prefix] = found
        return found


def _tree(form: CompiledForm) -> Step:
    root = Step("")
    root.children = {}
    for field in form.fields:
        # The reader knows what stands in the root's meta block; it is no answer.
        if field.path.startswith("meta/"):
            continue
        step = _grow(root, field.path)
        step.is_file = field.datatype == "binary"
    for path in (*form.groups, *form.repeats):
        step = _grow(root, path)
        step.children = step.children if step.children is not None else {}
        step.repeat = path in form.repeats
    return root


def _grow(root: Step, path: str) -> Step:
    step, names = root, path.split("/")
    for depth, name in enumerate(names, start=1):
        if step.children is None:
            step.children = {}
        step = step.children.setdefault(name, Step("/".join(names[:depth])))
    return step


def _rule(field: Field, fields: Mapping[str, Field]) -> Rule | None:
    names: frozenset[str] | None = None
    if field.choices:
        names = frozenset(choice.name for choice in field.choices)
        # XLSForm's or_other adds the choice "other" and a text field of this name beside it.
        if f"{field.path}_other" in fields:
            names |= {"other"}
    if names is None and field.datatype in _UNCHECKED:
        return None
    return Rule(field.datatype, field.lower, field.upper, names, field.kind in MANY)
