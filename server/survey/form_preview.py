"""A form as people would read it in one of its languages, with what that language lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forms.details import Details, details
from forms.expected import file_of
from forms.fields import CompiledForm, Field
from forms.labels import words_in


@dataclass(frozen=True, slots=True)
class Words:
    """A text in the chosen language; `is_missing`: it is another language's, this one has none."""

    text: str
    is_missing: bool = False


@dataclass(frozen=True, slots=True)
class PreviewChoice:
    """One answer a question offers."""

    name: str
    words: Words


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One question, note or calculation. `heading` names the groups it newly stands in, or "".

    Conditions are as the author wrote them, "" for none. `media` are the files shown with it.
    """

    field: Field
    heading: str
    label: Words
    hint: Words
    message: Words
    media: tuple[str, ...]
    required: str
    relevant: str
    constraint: str
    calculation: str
    choices: tuple[PreviewChoice, ...]


def preview(form: CompiledForm, language: str) -> list[PreviewLine]:
    """Return the lines of a form in the order of its questions, in one of its languages."""
    known = details(form)
    return list(_lines(form, language, known))


def _lines(
    form: CompiledForm, language: str, known: Mapping[str, Details]
) -> Iterator[PreviewLine]:
    last = ""
    for one in form.fields:
        heading = _heading(form, one.path, language)
        about = known.get(one.path) or Details()
        yield PreviewLine(
            field=one,
            heading=heading if heading != last else "",
            label=_words(one.labels, language),
            hint=_words(about.hints, language),
            message=_words(about.messages, language),
            media=tuple(_file(_words(files, language).text) for files in about.media.values()),
            required=about.required,
            relevant=about.relevant,
            constraint=about.constraint,
            calculation=about.calculation,
            choices=tuple(
                PreviewChoice(choice.name, _words(choice.labels, language))
                for choice in one.choices
            ),
        )
        last = heading


def _heading(form: CompiledForm, path: str, language: str) -> str:
    """Return the names of the groups around a question, outermost first; "" for none."""
    steps = path.split("/")[:-1]
    around = ("/".join(steps[:depth]) for depth in range(1, len(steps) + 1))
    names = (words_in(form.groups.get(one, {}), language) for one in around)
    return " › ".join(name for name in names if name)


def _words(texts: Mapping[str, str], language: str) -> Words:
    if texts.get(language):
        return Words(texts[language])
    return Words(words_in(texts, language), is_missing=any(texts.values()))


def _file(uri: str) -> str:
    """Return a file's name as its author wrote it."""
    return file_of(uri) or uri
