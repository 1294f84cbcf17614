"""Reads a compiled XForm into a CompiledForm: what it asks, in document order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree

from forms import concepts
from forms.bounds import bounds_of
from forms.controls import Controls
from forms.expected import expected_attachments
from forms.faults import refuse
from forms.fields import CompiledForm, EntityDeclaration, Field
from forms.kinds import kind_of_field
from forms.texts import Texts
from forms.xml_names import ENTITIES, HTML, XFORMS, below_root, local

NOT_WELL_FORMED = "The XForm is not well-formed XML: %(why)s"
DOCTYPE = "The XForm contains a document type, which is not allowed."
NO_MODEL = "The XML is no XForm: it has no model with a first instance."
NO_FORM_ID = "The XForm's first instance has no id: phones could not tell it from other forms."
NO_TITLE = "The XForm has no title (h:title): phones refuse it."
BAD_ACTION = "The form sends to %(url)s, which is no web address: phones refuse it."

# Filled by the client for the protocol's sake; intake reads these by name.
_PROTOCOL = frozenset({"instanceID", "instanceName", "deprecatedID", "entity"})
_WEB_ADDRESS = re.compile(r"https?://[^/\s]+", re.IGNORECASE)
_CONCEPT = f"{{{concepts.NAMESPACE}}}concept"
_VALUES = f"{{{concepts.NAMESPACE}}}values"
_NUMERIC = frozenset({"int", "decimal"})

Node = etree._Element


def read_xform(xml: bytes) -> CompiledForm:
    """Return what an XForm asks. Raises FormProblem when the bytes are no XForm."""
    root = parsed(xml)
    model = root.find(f".//{XFORMS}model")
    instance = None if model is None else model.find(f"{XFORMS}instance")
    primary = None if instance is None else next(instance.iterchildren(etree.Element), None)
    if model is None or primary is None:
        raise refuse(NO_MODEL)
    form_id = primary.get("id", "").strip()
    if not form_id:
        raise refuse(NO_FORM_ID)
    title = root.findtext(f".//{HTML}title", "").strip()
    # What Collect refuses once it is downloaded (openrosa.md A19).
    if not title:
        raise refuse(NO_TITLE)
    action = submission_address(root)
    if action and not _WEB_ADDRESS.match(action):
        raise refuse(BAD_ACTION, url=action[:200])
    texts = Texts(model)
    body = root.find(f"{HTML}body")
    walk = _Walk(model, Controls(model, body, texts), texts)
    walk.into(primary, "", _Place())
    return CompiledForm(
        form_id=form_id,
        version=primary.get("version", "").strip(),
        title=title,
        xml=xml,
        md5=hashlib.md5(xml, usedforsecurity=False).hexdigest(),
        fields=tuple(walk.fields),
        repeats=tuple(path for path in walk.groups if path in walk.controls.repeats),
        groups=walk.groups,
        entities=tuple(walk.entities),
        attachments=expected_attachments(model, body, texts),
        languages=texts.languages,
    )


def submission_address(root: Node) -> str:
    """Return the address a form names for its answers, "" when phones are to use their server's."""
    return next((one.get("action", "") for one in root.iter(f"{XFORMS}submission")), "").strip()


def parsed(xml: bytes) -> Node:
    """Return the root of an XForm's XML. Raises FormProblem when it is damaged or hostile."""
    # Uploaded XML is a stranger's: no entities, no network, lxml's own limits on depth and size.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise refuse(NOT_WELL_FORMED, why=error.msg) from error
    # No form needs one, and a phone's parser would expand what it declares (openrosa.md J1).
    if root.getroottree().docinfo.internalDTD is not None:
        raise refuse(DOCTYPE)
    return root


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the walk stands: what all nodes below share."""

    repeat: str | None = None
    relevant: bool = False
    entity_list: str | None = None


class _Walk:
    """One walk over the primary instance; binds and controls are looked up by path."""

    def __init__(self, model: Node, controls: Controls, texts: Texts) -> None:
        self.controls = controls
        self.fields: list[Field] = []
        self.groups: dict[str, Mapping[str, str]] = {}
        self.entities: list[EntityDeclaration] = []
        self._texts = texts
        self._binds = {
            below_root(bind.get("nodeset", "")): dict(bind.attrib)
            for bind in model.findall(f"{XFORMS}bind")
        }
        self._seen: set[str] = set()

    def into(self, container: Node, path: str, place: _Place) -> None:
        """Read everything below a group, a repeat or the root."""
        place = self._with_entity(container, path, place)
        for node in container.iterchildren(etree.Element):
            here = f"{path}/{local(node)}".lstrip("/")
            if here in self._seen:  # A repeat stands twice: as a template and as its first turn.
                continue
            self._seen.add(here)
            if local(node) == "meta":
                self._meta(node, here)
            elif len(node) or self.controls.is_container(here):
                self._group(node, here, place)
            else:
                self.fields.append(self._field(node, here, place))

    def _group(self, node: Node, path: str, place: _Place) -> None:
        self.groups[path] = self._texts.of(self.controls.label(path))
        repeat = path if path in self.controls.repeats else place.repeat
        relevant = place.relevant or _is_conditional(self._binds.get(path, {}))
        self.into(node, path, replace(place, repeat=repeat, relevant=relevant))

    def _meta(self, meta: Node, path: str) -> None:
        for node in meta.iterchildren(etree.Element):
            if local(node) not in _PROTOCOL:
                self.fields.append(self._field(node, f"{path}/{local(node)}", _Place()))

    def _with_entity(self, container: Node, path: str, place: _Place) -> _Place:
        """Note the entity a container's own `meta` declares: its fields save into that list."""
        for meta in container.iterchildren(etree.Element):
            if local(meta) != "meta":
                continue
            for node in meta.iterchildren(etree.Element):
                if local(node) == "entity" and node.get("dataset"):
                    name = node.get("dataset", "")
                    creates, updates = "create" in node.attrib, "update" in node.attrib
                    self.entities.append(EntityDeclaration(name, path, creates, updates))
                    return replace(place, entity_list=name)
        return place

    def _field(self, node: Node, path: str, place: _Place) -> Field:
        bind = self._binds.get(path, {})
        datatype = bind.get("type", "string").rpartition(":")[2]
        control = self.controls.of(path)
        kind = kind_of_field(bind, control, self.controls.action(path), node.text or "")
        lower, upper = self._bounds(bind, datatype, path)
        saveto = bind.get(f"{ENTITIES}saveto")
        return Field(
            path=path,
            kind=kind,
            datatype=datatype,
            labels=self._texts.of(self.controls.label(path)),
            repeat=place.repeat,
            required=bind.get("required", "").strip() == "true()",
            relevant=place.relevant or _is_conditional(bind),
            lower=lower,
            upper=upper,
            choices=self.controls.choices(path),
            choices_file=self.controls.choices_file(path),
            concept=bind.get(_CONCEPT, "").strip(),
            values=_values(bind.get(_VALUES, "")),
            saves_to=(place.entity_list, saveto) if saveto and place.entity_list else None,
        )

    def _bounds(
        self, bind: Mapping[str, str], datatype: str, path: str
    ) -> tuple[float | None, float | None]:
        if datatype not in _NUMERIC:
            return None, None
        if span := self.controls.span(path):
            return span
        return bounds_of(bind.get("constraint", ""), whole=datatype == "int")


def _is_conditional(bind: Mapping[str, str]) -> bool:
    return bind.get("relevant", "true()").strip() != "true()"


def _values(text: str) -> Mapping[str, str]:
    try:
        return concepts.read_values(text)
    except ValueError:  # Told to the author as a warning; a form already out keeps working.
        return {}
