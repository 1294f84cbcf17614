"""XML bytes of a submission → envelope → answers. The only reader of untrusted XML."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from lxml import etree

from forms.entities import EntityBlock, read_block
from forms.plan import ReadingPlan, Source, Step
from forms.problems import Complaint, Parameter, SubmissionProblem
from forms.values import GeoPoint, read_day, read_geopoint, read_instant, read_integer, read_number

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


class Group:
    """The answers of one repetition, or of the part outside repeats, plain groups folded in.

    Accessors by path take the field's full path and give None when the answer is absent, blank
    or not of that type. Accessors by concept ask the form's fields in order and give the first
    answer that means something, in the concept's own words.
    `values` holds the trimmed text of every answer that was present, "" for one left empty.
    `position` holds the 1-based numbers of the enclosing repetitions, outermost first.
    """

    __slots__ = ("plan", "position", "repeats", "scope", "values")

    def __init__(self, plan: ReadingPlan, scope: str, position: tuple[int, ...]) -> None:
        self.plan = plan
        self.scope = scope
        self.position = position
        self.values: dict[str, str] = {}
        self.repeats: dict[str, list[Group]] = {}

    def text(self, path: str) -> str | None:
        """Return the trimmed text of a field."""
        return self.values.get(path) or None

    def number(self, path: str) -> float | None:
        """Return a decimal or integer answer."""
        return read_number(self.values.get(path, ""))

    def integer(self, path: str) -> int | None:
        """Return a whole number; "143.0" is 143."""
        return read_integer(self.values.get(path, ""))

    def date(self, path: str) -> date | None:
        """Return a calendar day, as the phone's own zone has it."""
        return read_day(self.values.get(path, ""))

    def instant(self, path: str) -> datetime | None:
        """Return a dateTime as an aware UTC instant; None when it names no zone."""
        return read_instant(self.values.get(path, ""))

    def geopoint(self, path: str) -> GeoPoint | None:
        """Return a fix: latitude, longitude, altitude_m, accuracy_m."""
        return read_geopoint(self.values.get(path, ""))

    def repetitions(self, repeat_path: str) -> Sequence[Group]:
        """Return the repetitions of a repeat directly inside this group, in the order sent."""
        return self.repeats.get(repeat_path, ())

    def concept(self, name: str) -> str | None:
        """Return the answer to a concept within this group, not inside its repeats."""
        return self._first(self.plan.sources(self.scope, name))

    def concepts(self, prefix: str) -> dict[str, str]:
        """Return {rest of the concept's name: answer} of the answered concepts that start so.

        `concepts("measure.")` gives {"sbp": "142", …}, in the form's order.
        """
        found = {}
        for rest, sources in self.plan.under(self.scope, prefix):
            text = self._first(sources)
            if text is not None:
                found[rest] = text
        return found

    def has_concept(self, name: str) -> bool:
        """Say whether the form asks for the concept in this scope, answered or not."""
        return bool(self.plan.sources(self.scope, name))

    def concept_path(self, name: str) -> str:
        """Return the path of the field that answers a concept, else of its first, else ""."""
        sources = self.plan.sources(self.scope, name)
        answering = (source.path for source in sources if self.values.get(source.path))
        return next(answering, sources[0].path if sources else "")

    def complaint(self, code: str, concept: str, **params: Parameter) -> Complaint:
        """Return a complaint laid to the field that answers `concept` in this group."""
        return Complaint(code, self.concept_path(concept), self.position, params)

    def everywhere(self) -> Iterator[Group]:
        """Give this group, then all repetitions below it, outer before inner, in the order sent."""
        yield self
        for repetitions in self.repeats.values():
            for repetition in repetitions:
                yield from repetition.everywhere()

    def groups(self, prefix: str) -> list[Group]:
        """Return the groups of `everywhere` that are asked a concept under `prefix`."""
        return [group for group in self.everywhere() if self.plan.under(group.scope, prefix)]

    def _first(self, sources: tuple[Source, ...]) -> str | None:
        for source in sources:
            text = self.values.get(source.path)
            meaning = source.translate(text) if text else ""
            if meaning:
                return meaning
        return None


class Answers(Group):
    """All that one submission says, read by its form.

    `instance_name` is the title the form gave it, "" without. `file_names` are the files its
    binary fields and audit log name, in order, unique. `entities` are its entity blocks.
    `unknown` maps paths the form does not have to their text (or a repeated answer to a field
    that may come once): kept apart, never a failure.
    """

    __slots__ = (
        "entities",
        "file_names",
        "form_id",
        "instance_id",
        "instance_name",
        "is_encrypted",
        "unknown",
        "version",
    )

    def __init__(self, envelope: Envelope, plan: ReadingPlan) -> None:
        super().__init__(plan, "", ())
        self.form_id = envelope.form_id
        self.version = envelope.version
        self.instance_id = envelope.instance_id
        self.instance_name = ""
        self.is_encrypted = envelope.is_encrypted
        self.file_names: tuple[str, ...] = envelope.file_names
        self.entities: tuple[EntityBlock, ...] = ()
        self.unknown: dict[str, str] = {}


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
        self.answers = Answers(envelope, plan)
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
