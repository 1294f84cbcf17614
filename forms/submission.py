"""XML bytes of a submission → envelope → answers. The only reader of untrusted XML."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from forms.answers import Answers, Group
from forms.entities import read_block
from forms.plan import ReadingPlan, Step
from forms.problems import SubmissionProblem

MAX_BYTES = 20_000_000
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTES = 200_000
MAX_DEPTH = 100
MAX_IDENTIFIER = 255
MAX_UNKNOWN = 1_000
"""Unknown paths remembered of one submission: enough to see what is wrong, and bounded."""

_BOM = b"\xef\xbb\xbf"
_IS_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")

# Codes of libxml2's xmlParserErrors.
_INVALID_CHARACTER = 9
_TAG_NOT_CLOSED = 77
_RESOURCE_LIMIT = 114


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a submission says of itself, read before its form is known.

    `version` is "" when blank or missing. `file_names` are the files an encrypted submission
    lists, the encrypted answers last; empty for plain ones, whose files only their form can tell.
    `root` is for `read_answers` alone.
    """

    form_id: str
    version: str
    instance_id: str
    deprecated_id: str | None
    is_encrypted: bool
    file_names: tuple[str, ...]
    root: etree._Element = field(repr=False, compare=False)


def open_envelope(xml: bytes) -> Envelope:
    """Return the envelope of a submission's bytes.

    A plain submission without an instance id gets one made from its bytes, so that sending the
    same bytes again is the same submission. Raises SubmissionProblem for anything that is not
    UTF-8 XML within the limits above, naming a form; time and memory are bounded by MAX_BYTES.
    """
    _refuse_hostile(xml)
    root = _parse(xml)
    form_id = _identifier("form id", root.get("id"))
    if not form_id:
        raise SubmissionProblem("no_form_id")
    is_encrypted = root.get("encrypted") in ("yes", "true")
    instance_id = _in_meta(root, "instanceID") or root.get("instanceID", "").strip()
    if not instance_id:
        if is_encrypted:
            raise SubmissionProblem("no_instance_id")
        instance_id = f"uuid:{uuid.UUID(bytes=hashlib.sha256(xml).digest()[:16], version=5)}"
    return Envelope(
        form_id=form_id,
        version=_identifier("form version", root.get("version")),
        instance_id=_identifier("instance id", instance_id),
        deprecated_id=_identifier("instance id", _in_meta(root, "deprecatedID")) or None,
        is_encrypted=is_encrypted,
        file_names=_encrypted_files(root) if is_encrypted else (),
        root=root,
    )


def _refuse_hostile(xml: bytes) -> None:
    """Raise for what must not even reach the parser. Each test is one pass in C over the bytes."""
    if len(xml) > MAX_BYTES:
        raise SubmissionProblem("too_large", limit_mb=MAX_BYTES // 1_000_000)
    if b"\0" in xml:
        raise SubmissionProblem("nul")
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SubmissionProblem("encoding") from error
    # Clients write "<" in an answer as &lt;, so these bytes are markup wherever they stand.
    if b"<!DOCTYPE" in xml:
        raise SubmissionProblem("doctype")
    start = xml.removeprefix(_BOM)[:6]
    if xml.count(b"<?") > (start == b"<?xml "):
        raise SubmissionProblem("instruction")
    if xml.count(b"<") - xml.count(b"</") > MAX_ELEMENTS:
        raise SubmissionProblem("too_many", limit=MAX_ELEMENTS)
    if xml.count(b"=") > MAX_ATTRIBUTES:
        raise SubmissionProblem("too_many", limit=MAX_ATTRIBUTES)


def _parse(xml: bytes) -> etree._Element:
    # A parser of its own for each call: a shared one makes threads wait for one another.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise _parse_problem(xml, error) from error
    if _IS_TOO_DEEP(root):
        raise SubmissionProblem("too_deep", limit=MAX_DEPTH)
    return root


def _parse_problem(xml: bytes, error: etree.XMLSyntaxError) -> SubmissionProblem:
    if error.code == _INVALID_CHARACTER:
        return SubmissionProblem("illegal_character")
    if error.code == _RESOURCE_LIMIT:
        if "depth" in str(error):
            return SubmissionProblem("too_deep", limit=MAX_DEPTH)
        return SubmissionProblem("too_large", limit_mb=MAX_BYTES // 1_000_000)
    text = xml.removeprefix(_BOM).strip()
    is_markup = not text or text.startswith(b"<")
    if error.code == _TAG_NOT_CLOSED or (is_markup and not text.endswith(b">")):
        return SubmissionProblem("truncated")
    return SubmissionProblem("malformed")


def _identifier(what: str, text: str | None) -> str:
    trimmed = (text or "").strip()
    if len(trimmed) > MAX_IDENTIFIER:
        raise SubmissionProblem("identifier_too_long", what=what, limit=MAX_IDENTIFIER)
    return trimmed


def _in_meta(root: etree._Element, name: str) -> str:
    for meta in root.iterchildren("{*}meta"):
        for child in meta.iterchildren(f"{{*}}{name}"):
            if child.text and child.text.strip():
                return str(child.text).strip()
    return ""


def _encrypted_files(root: etree._Element) -> tuple[str, ...]:
    names = [
        file.text
        for media in root.iterchildren("{*}media")
        for file in media.iterchildren("{*}file")
    ]
    names += [answers.text for answers in root.iterchildren("{*}encryptedXmlFile")]
    return tuple(dict.fromkeys(name.strip() for name in names if name and name.strip()))


def read_answers(envelope: Envelope, plan: ReadingPlan) -> Answers:
    """Return the answers in an envelope, in one walk. Names are matched without namespace.

    Never raises: an encrypted envelope, or one of another form, gives answers with little in them.
    """
    reader = _Reader(envelope, plan)
    if not envelope.is_encrypted:
        reader.walk(envelope.root, plan.root, reader.answers)
    return reader.finish()


class _Reader:
    """The state of one walk: what is found on the way and belongs to no single group."""

    def __init__(self, envelope: Envelope, plan: ReadingPlan) -> None:
        self.plan = plan
        self.answers = Answers(
            plan,
            form_id=envelope.form_id,
            version=envelope.version,
            instance_id=envelope.instance_id,
            is_encrypted=envelope.is_encrypted,
        )
        self.files: dict[str, None] = dict.fromkeys(envelope.file_names)
        self.blocks: list[tuple[etree._Element, str, Group]] = []

    def walk(self, element: etree._Element, step: Step, group: Group) -> None:
        children = step.children or {}
        values = group.values
        for child in element:
            tag: Any = child.tag
            inner = children.get(tag)
            if inner is None:
                inner = self.otherwise(child, children, step, group)
                if inner is None:
                    continue
            if inner.children is None:
                if inner.path in values or len(child):
                    self.stranger(child, inner.path)
                    continue
                text = child.text
                values[inner.path] = text = text.strip() if text else ""
                if inner.is_file and text:
                    self.files[text] = None
            elif inner.repeat:
                repetitions = group.repeats.setdefault(inner.path, [])
                position = (*group.position, len(repetitions) + 1)
                repetition = Group(self.plan, inner.path, position)
                repetitions.append(repetition)
                self.walk(child, inner, repetition)
            else:
                self.walk(child, inner, group)

    def otherwise(
        self, child: etree._Element, children: dict[str, Step], step: Step, group: Group
    ) -> Step | None:
        """Return the step of a child tag with a namespace; take in a meta block or a stranger."""
        name = _local_name(child)
        inner = children.get(name)
        if inner is None:
            path = f"{step.path}/{name}" if step.path else name
            if name == "meta":
                self.meta(child, path, group)
            else:
                self.stranger(child, path)
        return inner

    def meta(self, meta: etree._Element, path: str, group: Group) -> None:
        for child in meta:
            name = _local_name(child)
            text = (child.text or "").strip()
            if name == "entity":
                self.blocks.append((child, f"{path}/entity", group))
            elif name == "audit" and text:
                self.files[text] = None
            elif name == "instanceName":
                self.answers.instance_name = text

    def stranger(self, element: etree._Element, path: str) -> None:
        for child in element:
            self.stranger(child, f"{path}/{_local_name(child)}")
        if not len(element) and len(self.answers.unknown) < MAX_UNKNOWN:
            self.answers.unknown.setdefault(path, (element.text or "").strip())

    def finish(self) -> Answers:
        answers = self.answers
        answers.file_names = tuple(self.files)
        answers.entities = tuple(
            read_block(element, self.saved(element, group), path, group.position)
            for element, path, group in self.blocks
        )
        return answers

    def saved(self, element: etree._Element, group: Group) -> dict[str, str]:
        fields = self.plan.saved.get((group.scope, element.get("dataset", "").strip()), ())
        return {name: group.values[path] for name, path in fields if path in group.values}


def _local_name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
