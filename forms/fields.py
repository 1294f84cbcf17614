"""What a compiled form asks: its fields, choices, repeats and entities, as plain values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer a select field offers. `labels` by language code, "" where there is only one."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One question or calculation.

    `path` is the slash path below the form's root, groups and repeats included, without
    positions: "member/id18". `kind` is the XLSForm type without its list ("integer",
    "select_one", "image", "calculate", …), the same for its older names and for a select from a
    file; `datatype` is the XForm bind type ("int", "decimal", "string", "date", "dateTime",
    "time", "geopoint", "geotrace", "geoshape", "binary", "barcode", "boolean", …).
    `repeat` is the path of the nearest enclosing repeat, None at root.
    `lower`/`upper` are bounds that a constraint (". >= 60 and . <= 280") or a range sets, None
    where there is none. `required` is True only when required unconditionally and `relevant` is
    True when the field or one of its groups has a condition, so that absence means nothing.
    `choices` is empty for a select whose options come from a file (`choices_file`) or a repeat.
    `concept` says what the answer means to the survey (docs/concepts.en.md), "" for nothing;
    `values` translates the form's choice names into the concept's own, "" for no meaning.
    `saves_to` is (entity list, property), None when the field feeds no entity.
    """

    path: str
    kind: str
    datatype: str
    labels: Mapping[str, str]
    repeat: str | None = None
    required: bool = False
    relevant: bool = False
    lower: float | None = None
    upper: float | None = None
    choices: tuple[Choice, ...] = ()
    choices_file: str | None = None
    concept: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    saves_to: tuple[str, str] | None = None

    @property
    def name(self) -> str:
        """The last step of the path, as the form's author wrote it."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class EntityDeclaration:
    """An entity a form writes: its list, the path of the group or repeat around it ("": root)"""

    list_name: str
    scope: str
    creates: bool
    updates: bool


@dataclass(frozen=True, slots=True)
class CompiledForm:
    """One compiled state of an XLSForm.

    `xml` is the exact bytes served to phones for ever; `md5` its lower-case hex digest.
    `attachments` are the file names the form expects ("villages.csv", "logo.png"), in order,
    unique. `repeats` are all repeat paths, parents before children. `groups` maps each group or
    repeat path to its labels.
    `languages` are language codes in the form's order ("zh", "en"; "" for an untranslated form).
    """

    form_id: str
    version: str
    title: str
    xml: bytes
    md5: str
    fields: tuple[Field, ...]
    repeats: tuple[str, ...] = ()
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    entities: tuple[EntityDeclaration, ...] = ()
    attachments: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


def form_to_json(form: CompiledForm) -> str:
    """Return everything but the XML as JSON text, the same text for the same form."""
    shape = asdict(form)
    del shape["xml"]
    return json.dumps(shape, ensure_ascii=False, separators=(",", ":"))


def form_from_json(text: str, xml: bytes) -> CompiledForm:
    """Return the form that `form_to_json` wrote, with its XML put back."""
    shape: dict[str, Any] = json.loads(text)
    shape["fields"] = tuple(_field(one) for one in shape["fields"])
    shape["entities"] = tuple(EntityDeclaration(**one) for one in shape["entities"])
    for key in ("repeats", "attachments", "languages"):
        shape[key] = tuple(shape[key])
    return CompiledForm(xml=xml, **shape)


def _field(shape: dict[str, Any]) -> Field:
    shape["choices"] = tuple(Choice(**one) for one in shape["choices"])
    shape["saves_to"] = tuple(shape["saves_to"]) if shape["saves_to"] else None
    return Field(**shape)
