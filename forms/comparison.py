"""Two versions of a form side by side: every difference a worker or a reader of answers meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forms.details import Details, details
from forms.fields import Choice, CompiledForm, Field

_NO_DETAILS = Details()
# Names of a stretch in another order that are written out.
_SHOWN = 8
# Compared as they stand: what they are called, and where they are.
_CONDITIONS = ("required", "relevant", "constraint", "calculation", "appearance")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. `kind` is one of KINDS; `path` is "" for the form itself.

    `before` and `after` are words, types or expressions, "" where there was or is nothing.
    `language` is the code of the language that was reworded, "" where that does not matter.
    """

    kind: str
    path: str
    before: str = ""
    after: str = ""
    language: str = ""


KINDS = (
    *("title", "added", "removed", "moved", "retyped", "label", "hint", "message", "media"),
    *("order", "choice_added", "choice_removed", "choice_label", "choice_order", "choices_file"),
    *("required", "relevant", "constraint", "calculation", "appearance"),
    *("concept", "saves_to", "group_label"),
)


def differences(old: CompiledForm, new: CompiledForm) -> list[Difference]:
    """Return what differs between two versions of a form, in the order of the new one.

    What is gone stands at the end. A question that kept its name and changed its group is moved,
    and compared with itself. Nothing differs between a form and itself.
    """
    found: list[Difference] = []
    if old.title != new.title:
        found.append(Difference("title", "", old.title, new.title))
    paths = [one.path for one in old.fields], [one.path for one in new.fields]
    found.extend(_of_order("order", "", *paths))
    before, after = details(old), details(new)
    earlier = _earlier(old, new)
    for one in new.fields:
        was = earlier.get(one.path)
        if was is None:
            found.append(Difference("added", one.path, "", one.kind))
            continue
        if was.path != one.path:
            found.append(Difference("moved", one.path, was.path, one.path))
        found.extend(_of_field(was, one))
        was_details = before.get(was.path, _NO_DETAILS)
        found.extend(_of_details(one.path, was_details, after.get(one.path, _NO_DETAILS)))
    found.extend(_of_groups(old, new, before, after))
    kept = {one.path for one in earlier.values()}
    found.extend(
        Difference("removed", one.path, one.kind) for one in old.fields if one.path not in kept
    )
    return found


def _earlier(old: CompiledForm, new: CompiledForm) -> dict[str, Field]:
    """Return what each question of the new version was in the old one, by its new path."""
    by_path = {one.path: one for one in old.fields}
    new_paths = {one.path for one in new.fields}
    gone: dict[str, list[Field]] = {}
    for one in old.fields:
        if one.path not in new_paths:
            gone.setdefault(one.name, []).append(one)
    come: dict[str, list[Field]] = {}
    for one in new.fields:
        if one.path not in by_path:
            come.setdefault(one.name, []).append(one)
    moved = {
        fields[0].path: gone[name][0]
        for name, fields in come.items()
        if len(fields) == 1 and len(gone.get(name, ())) == 1
    }
    same = {one.path: by_path[one.path] for one in new.fields if one.path in by_path}
    return {**same, **moved}


def _of_field(old: Field, new: Field) -> Iterator[Difference]:
    path = new.path
    if (old.kind, old.datatype) != (new.kind, new.datatype):
        before, after = (
            (old.kind, new.kind) if old.kind != new.kind else (old.datatype, new.datatype)
        )
        yield Difference("retyped", path, before, after)
    yield from _of_words("label", path, old.labels, new.labels)
    if old.choices_file != new.choices_file:
        yield Difference("choices_file", path, old.choices_file or "", new.choices_file or "")
    yield from _of_choices(path, old.choices, new.choices)
    if old.concept != new.concept:
        yield Difference("concept", path, old.concept, new.concept)
    if old.saves_to != new.saves_to:
        yield Difference(
            "saves_to", path, "/".join(old.saves_to or ()), "/".join(new.saves_to or ())
        )


def _of_order(kind: str, path: str, old: list[str], new: list[str]) -> Iterator[Difference]:
    """Yield one difference where what both have comes in another order: the stretch concerned."""
    both = set(old) & set(new)
    before, after = ([one for one in names if one in both] for names in (old, new))
    if before == after:
        return
    moved = [at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    stretch = slice(moved[0], moved[-1] + 1)
    yield Difference(kind, path, _in_short(before[stretch]), _in_short(after[stretch]))


def _in_short(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")


def _of_choices(
    path: str, old: tuple[Choice, ...], new: tuple[Choice, ...]
) -> Iterator[Difference]:
    before = {one.name: one for one in old}
    after = {one.name: one for one in new}
    for name, choice in after.items():
        if name not in before:
            yield Difference("choice_added", path, "", _choice(choice))
        else:
            for one in _of_words("choice_label", path, before[name].labels, choice.labels):
                yield Difference(
                    one.kind,
                    path,
                    f"{name}: {one.before}",
                    f"{name}: {one.after}",
                    one.language,
                )
    for name, choice in before.items():
        if name not in after:
            yield Difference("choice_removed", path, _choice(choice))
    yield from _of_order("choice_order", path, list(before), list(after))


def _choice(choice: Choice) -> str:
    words = next((words for words in choice.labels.values() if words), "")
    return f"{choice.name}: {words}" if words else choice.name


def _of_details(path: str, old: Details, new: Details) -> Iterator[Difference]:
    yield from _of_words("hint", path, old.hints, new.hints)
    yield from _of_words("message", path, old.messages, new.messages)
    for kind in sorted({*old.media, *new.media}):
        yield from _of_words("media", path, old.media.get(kind, {}), new.media.get(kind, {}))
    for name in _CONDITIONS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Difference(name, path, before, after)


def _of_groups(
    old: CompiledForm,
    new: CompiledForm,
    before: Mapping[str, Details],
    after: Mapping[str, Details],
) -> Iterator[Difference]:
    for path, labels in new.groups.items():
        if path not in old.groups:
            continue
        yield from _of_words("group_label", path, old.groups[path], labels)
        yield from _of_details(path, before.get(path, _NO_DETAILS), after.get(path, _NO_DETAILS))


def _of_words(
    kind: str, path: str, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[Difference]:
    for language in dict.fromkeys((*new, *old)):
        before, after = old.get(language, ""), new.get(language, "")
        if before != after:
            yield Difference(kind, path, before, after, language)
