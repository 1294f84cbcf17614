"""Which words of a form are missing in one of its languages."""

from __future__ import annotations

from dataclasses import dataclass

from forms.fields import CompiledForm
from forms.texts import Texts
from forms.xform import parsed
from forms.xml_names import XFORMS, below_root


@dataclass(frozen=True, slots=True)
class MissingTranslation:
    """A text one language has and another has not.

    `path` is the question's path, or the choice as pyxform numbers it ("yes_no-0"). `part` is
    "label", "hint", "guidance_hint", "constraint_message", "required_message" or "choice".
    """

    path: str
    part: str
    language: str


_PARTS = {"jr:constraintMsg": "constraint_message", "jr:requiredMsg": "required_message"}


def missing_translations(form: CompiledForm) -> list[MissingTranslation]:
    """Return what a form says in one of its languages only, by the order of its texts."""
    model = parsed(form.xml).find(f".//{XFORMS}model")
    return [] if model is None else [_missing(*one) for one in Texts(model).missing()]


def _missing(text_id: str, language: str) -> MissingTranslation:
    nodeset, colon, part = text_id.partition(":")
    if not colon:
        return MissingTranslation(text_id, "choice", language)
    return MissingTranslation(below_root(nodeset), _PARTS.get(part, part), language)
