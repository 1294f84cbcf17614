"""Which words and media of a form are missing in one of its languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from lxml import etree

from forms.fields import CompiledForm
from forms.texts import Texts
from forms.xform import parsed
from forms.xml_names import XFORMS, below_root


@dataclass(frozen=True, slots=True)
class MissingTranslation:
    """A text, picture, sound or film one language has and another has not.

    `path` is the question's path, or the choice as pyxform numbers it ("yes_no-0"). `part` is
    "label", "hint", "guidance_hint", "constraint_message", "required_message", "choice", or
    "image", "big-image", "audio", "video". `words` is what another language has there; `choice`
    is the choice's own name.
    """

    path: str
    part: str
    language: str
    words: str = field(default="", compare=False)
    choice: str = field(default="", compare=False)


_PARTS = {"jr:constraintMsg": "constraint_message", "jr:requiredMsg": "required_message"}


def missing_translations(form: CompiledForm) -> list[MissingTranslation]:
    """Return what a form says in one of its languages only: texts in their order, then media."""
    model = parsed(form.xml).find(f".//{XFORMS}model")
    if model is None or len(form.languages) < 2:
        return []
    texts = Texts(model)
    names = _choice_names(model)
    return [
        replace(one, choice=names.get(one.path, "")) for one in (*_texts(texts), *_media(texts))
    ]


def _choice_names(model: etree._Element) -> dict[str, str]:
    """Return the names of choices by the id of their text, as pyxform writes their lists."""
    names = {}
    for item in model.iterfind(f"{XFORMS}instance/{XFORMS}root/{XFORMS}item"):
        text_id = item.findtext(f"{XFORMS}itextId")
        if text_id:
            names[text_id] = item.findtext(f"{XFORMS}name", "")
    return names


def _texts(texts: Texts) -> Iterator[MissingTranslation]:
    for text_id, language in texts.missing():
        nodeset, colon, part = text_id.partition(":")
        words = next(iter(texts.by_id(text_id).values()), "")
        if colon:
            path = below_root(nodeset)
            yield MissingTranslation(path, _PARTS.get(part, part), language, words)
        else:
            yield MissingTranslation(text_id, "choice", language, words)


def _media(texts: Texts) -> Iterator[MissingTranslation]:
    for text_id, kind, language in texts.missing_media():
        nodeset, colon, _ = text_id.partition(":")
        path = below_root(nodeset) if colon else text_id
        yield MissingTranslation(path, kind, language)
