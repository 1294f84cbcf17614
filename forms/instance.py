"""Writes a submission's XML anew from answers that came in a table, as no phone wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from forms.fields import CompiledForm
from forms.xform import parsed
from forms.xml_names import XFORMS, local

OPENROSA = "{http://openrosa.org/xforms}"
STRANGERS = "moved_in"
"""The element that holds what a table said and the form does not ask."""

# What XML 1.0 cannot hold (section 2.2).
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_IN_NAMES = re.compile(r"[^\w.-]")

Node = etree._Element


@dataclass(frozen=True, slots=True)
class Filled:
    """Answers of a submission, or of one repetition of a repeat, by the fields' full paths.

    `values` are texts as XForms write them; a path that is missing or "" was not answered.
    `repeats` holds the repetitions of the repeats directly inside, in order, by repeat path.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    repeats: Mapping[str, Sequence[Filled]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a submission says of itself. `strangers` are (heading, text) the form does not ask."""

    instance_id: str
    deprecated_id: str = ""
    instance_name: str = ""
    strangers: Sequence[tuple[str, str]] = ()


class InstanceWriter:
    """Writes submissions of one form version.

    The same answers give the same bytes. What was not answered is left out, as a table cannot
    tell a blank answer from a question that was not asked; entity blocks too, as no table tells
    their ids: entities move by their own list.
    """

    def __init__(self, form: CompiledForm) -> None:
        """Read the outline of the form's submissions from its XForm. Raises FormProblem."""
        self._form = form
        self._repeats = frozenset(form.repeats)
        self._groups = frozenset(form.groups)
        root = parsed(form.xml)
        primary = root.find(f".//{XFORMS}model/{XFORMS}instance/*")
        if primary is None:
            raise ValueError("a compiled form has a first instance")
        self._primary = primary

    def xml(self, filled: Filled, identity: Identity) -> bytes:
        """Return one submission: UTF-8 with an XML declaration."""
        root = etree.Element(_tag(self._primary), nsmap={"orx": OPENROSA[1:-1]})
        root.set("id", self._form.form_id)
        if self._form.version:
            root.set("version", self._form.version)
        for child in self._children(self._primary, "", filled):
            root.append(child)
        root.append(self._meta(filled, identity))
        if identity.strangers:
            root.append(_strangers(identity.strangers))
        written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
        # lxml quotes the declaration's values with apostrophes; clients use quotation marks.
        return written.replace(
            b"<?xml version='1.0' encoding='utf-8'?>",
            b'<?xml version="1.0" encoding="UTF-8"?>',
            1,
        )

    def _children(self, outline: Node, path: str, filled: Filled) -> Iterator[Node]:
        seen: set[str] = set()
        for node in outline.iterchildren(etree.Element):
            here = f"{path}/{local(node)}".lstrip("/")
            # A repeat stands twice: as a template and as its first turn.
            if here in seen or local(node) == "meta":
                continue
            seen.add(here)
            if here in self._repeats:
                for turn in filled.repeats.get(here, ()):
                    yield self._group(node, here, turn)
            elif here in self._groups:
                group = self._group(node, here, filled)
                if len(group):
                    yield group
            elif text := filled.values.get(here, ""):
                yield _leaf(node, text)

    def _group(self, outline: Node, path: str, filled: Filled) -> Node:
        group = etree.Element(_tag(outline))
        for child in self._children(outline, path, filled):
            group.append(child)
        return group

    def _meta(self, filled: Filled, identity: Identity) -> Node:
        outline = next((one for one in self._primary if local(one) == "meta"), None)
        names = {} if outline is None else {local(one): _tag(one) for one in outline}
        meta = etree.Element("meta" if outline is None else _tag(outline))
        said = {
            "instanceID": identity.instance_id,
            "deprecatedID": identity.deprecated_id,
            "instanceName": identity.instance_name,
            **{name: filled.values.get(f"meta/{name}", "") for name in names if name != "entity"},
        }
        said["instanceID"] = identity.instance_id
        said["instanceName"] = identity.instance_name or said["instanceName"]
        for name, text in said.items():
            if text:
                child = etree.SubElement(meta, names.get(name, name))
                child.text = _legal(text)
        return meta


def _tag(node: Node) -> str:
    # Phones write the answers without the XForm's own namespace; openrosa.md C16 matches both.
    return str(node.tag).removeprefix(XFORMS)


def _leaf(outline: Node, text: str) -> Node:
    leaf = etree.Element(_tag(outline))
    leaf.text = _legal(text)
    return leaf


def _legal(text: str) -> str:
    return _ILLEGAL.sub("\ufffd", text)


def _strangers(told: Sequence[tuple[str, str]]) -> Node:
    holder = etree.Element(STRANGERS)
    for heading, text in told:
        name = _NOT_IN_NAMES.sub("_", heading)
        child = etree.SubElement(holder, name if name[:1].isalpha() else f"_{name}")
        child.set("heading", _legal(heading))
        child.text = _legal(text)
    return holder
