"""Forms by hand and the submissions that answer them: only what a test does not say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import forms
from forms.answers import Answers
from forms.compile import compile_form
from forms.fields import Choice, CompiledForm, EntityDeclaration, Field
from forms.plan import ReadingPlan
from forms.source import FormSource
from forms.submission import open_envelope, read_answers

LIBRARY = Path(forms.__path__[0]) / "library"
SAMPLES = Path(__file__).parent / "samples"

Tree = Mapping[str, Any]
"""What a node holds by name: a text, a tree, or a sequence of trees for a repeat."""

_KINDS = {"int": "integer", "string": "text", "binary": "image"}


def a_field(path: str, datatype: str = "string", **more: Any) -> Field:
    """Return a field; `choices` may be given as names."""
    more["choices"] = tuple(Choice(name, {}) for name in more.get("choices", ()))
    kind = more.pop("kind", "select_one" if more["choices"] else _KINDS.get(datatype, datatype))
    return Field(path=path, kind=kind, datatype=datatype, labels={}, **more)


def a_form(
    *fields: Field,
    repeats: Sequence[str] = (),
    groups: Sequence[str] = (),
    entities: Sequence[EntityDeclaration] = (),
) -> CompiledForm:
    """Return a form "f", version "1"; a field below a repeat is taken into it."""
    return CompiledForm(
        form_id="f",
        version="1",
        title="F",
        xml=b"",
        md5="",
        fields=fields,
        repeats=tuple(repeats),
        groups={path: {} for path in groups},
        entities=tuple(entities),
    )


def xml_of(
    tree: Tree, *, instance_id: str = "uuid:1", meta: str = "", attributes: str = ""
) -> bytes:
    """Return a submission to form "f" as Collect writes one."""
    return (
        f'<?xml version=\'1.0\' ?><data id="f" version="1" {attributes}'
        f' xmlns:orx="http://openrosa.org/xforms">{_inside(tree)}'
        f"<orx:meta><orx:instanceID>{instance_id}</orx:instanceID>{meta}</orx:meta></data>"
    ).encode()


def answers_to(form: CompiledForm, tree: Tree, **more: str) -> Answers:
    """Return what a submission of `tree` says, read by `form`."""
    return read_answers(open_envelope(xml_of(tree, **more)), ReadingPlan(form))


def said(concepts: Mapping[str, str], persons: Sequence[Mapping[str, str]] = ()) -> Answers:
    """Return answers that carry concepts: at the root, and of persons in a repeat "member"."""
    inside = dict.fromkeys(name for person in persons for name in person)
    fields = [a_field(_name(name), concept=name) for name in concepts]
    fields += [a_field(f"member/{_name(name)}", concept=name, repeat="member") for name in inside]
    tree: dict[str, Any] = {_name(name): text for name, text in concepts.items()}
    tree["member"] = [{_name(name): text for name, text in one.items()} for one in persons]
    return answers_to(a_form(*fields, repeats=["member"] if inside else []), tree)


@cache
def shipped(form_id: str) -> CompiledForm:
    """Return a form of the library, compiled."""
    return compile_form(FormSource.of_path(LIBRARY / form_id)).form


def _name(concept: str) -> str:
    return concept.replace(".", "_")


def _inside(tree: Tree) -> str:
    return "".join(
        "".join(f"<{name}>{_inside(one)}</{name}>" for one in inner)
        if isinstance(inner, list | tuple)
        else f"<{name}>{_inside(inner) if isinstance(inner, Mapping) else escape(inner)}</{name}>"
        for name, inner in tree.items()
    )
