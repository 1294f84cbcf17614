"""What a new version of a form takes away from the one before: told before it is published."""

from __future__ import annotations

from collections.abc import Iterator

from forms.faults import Fault
from forms.fields import CompiledForm, Field

GONE = "The question %(path)s is gone: new submissions have no answer to it."
MOVED = "The question %(old_path)s is now %(path)s: older answers stay where they were."
RETYPED = "The question %(path)s was %(old_type)s and is now %(type)s: exports hold both."
FEWER_CHOICES = "The question %(path)s no longer offers %(choices)s."
OTHER_CONCEPT = "The question %(path)s meant %(old_concept)s and now means %(concept)s."
NO_CONCEPT = "The question %(path)s no longer means %(old_concept)s: it feeds no count any more."

_ASKS_NOTHING = frozenset({"note"})
_SHOWN_CHOICES = 10


def losses(old: CompiledForm, new: CompiledForm) -> tuple[Fault, ...]:
    """Return what answers to `new` lack or hold differently against `old`, in the order of `old`.

    Questions that are new, and other wording, are no loss.
    """
    fields = {field.path: field for field in new.fields}
    by_name: dict[str, list[Field]] = {}
    for field in new.fields:
        by_name.setdefault(field.name, []).append(field)
    old_paths = {field.path for field in old.fields}
    found: list[Fault] = []
    for field in old.fields:
        if field.kind in _ASKS_NOTHING:
            continue
        if field.path in fields:
            found.extend(_differences(field, fields[field.path]))
            continue
        moved = [one for one in by_name.get(field.name, ()) if one.path not in old_paths]
        if len(moved) == 1:
            found.append(Fault(MOVED, {"old_path": field.path, "path": moved[0].path}))
            found.extend(_differences(field, moved[0]))
        else:
            found.append(Fault(GONE, {"path": field.path}))
    return tuple(found)


def _differences(old: Field, new: Field) -> Iterator[Fault]:
    if old.datatype != new.datatype:
        types = {"old_type": old.datatype, "type": new.datatype}
        yield Fault(RETYPED, {"path": new.path, **types})
    kept = {choice.name for choice in new.choices}
    lost = [choice.name for choice in old.choices if choice.name not in kept]
    if lost and kept:
        shown = " ".join(lost[:_SHOWN_CHOICES]) + (" …" if len(lost) > _SHOWN_CHOICES else "")
        yield Fault(FEWER_CHOICES, {"path": new.path, "choices": shown})
    if old.concept and old.concept != new.concept:
        concepts = {"old_concept": old.concept, "concept": new.concept}
        yield Fault(OTHER_CONCEPT if new.concept else NO_CONCEPT, {"path": new.path, **concepts})
