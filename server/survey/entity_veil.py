"""Entities' labels and properties as a reader may see them: masked unless he was let in.

What a property means is told by the concept of the questions that save to it. A text without a
concept is shown only when it is a code or a number: free text may name anybody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from exports.masking import HIDDEN, mask_name
from server.survey.entity_columns import CLINICS
from server.survey.veil import PERSONAL, SENSITIVE, Veil
from server.tables.truth import FormVersion

# Codes, dates, numbers and places: no letters of a script that names are written in.
_CODE = re.compile(r"[0-9A-Za-z_.,:;+ -]{0,80}\Z")
# Places are nobody's secret.
_OPEN = frozenset({"village_name"})
_WORD = re.compile(r"[A-Z]?[a-z]+\Z")
_concepts: dict[str, dict[tuple[str, str], str]] = {}


@dataclass(frozen=True, slots=True)
class EntityVeil:
    """What lies between one reader and the entities of one list.

    `concepts` maps a property to what it means.
    """

    list_name: str
    concepts: Mapping[str, str]
    shows_personal: bool
    shows_sensitive: bool

    def label(self, text: str) -> str:
        """Return an entity's label as the reader may see it."""
        is_open = self.shows_personal or self.list_name == CLINICS
        return self._veil.text(text) if is_open else mask_name(text)

    def value(self, name: str, text: str) -> str:
        """Return a property's value as the reader may see it."""
        concept = self.concepts.get(name, "")
        if not self.shows_sensitive and text and _is_sensitive(concept):
            return HIDDEN
        if self.shows_personal or self.list_name == CLINICS:
            return self._veil.text(text)
        mask = PERSONAL.get(concept)
        if mask is not None:
            return mask(text)
        is_open = concept or name in _OPEN or _is_code(text)
        return self._veil.text(text) if is_open else HIDDEN

    @property
    def _veil(self) -> Veil:
        return Veil({}, self.shows_personal, self.shows_sensitive)


def veil_of_list(
    connection: Connection,
    project_id: int,
    list_name: str,
    *,
    shows_personal: bool,
    shows_sensitive: bool,
) -> EntityVeil:
    """Return the veil of one list for a reader with these rights."""
    concepts = {
        name: concept
        for (known, name), concept in concepts_of(connection, project_id).items()
        if known == list_name
    }
    return EntityVeil(list_name, concepts, shows_personal, shows_sensitive)


def concepts_of(connection: Connection, project_id: int) -> dict[tuple[str, str], str]:
    """Return the concepts of (list, property), as any published version tells them."""
    found: dict[tuple[str, str], str] = {}
    versions = connection.execute(
        select(FormVersion.id, FormVersion.md5)
        .where(FormVersion.project_id == project_id)
        .order_by(FormVersion.id)
    ).all()
    for version_id, md5 in versions:
        if md5 not in _concepts:
            shape = connection.scalar(select(FormVersion.shape).where(FormVersion.id == version_id))
            _concepts[md5] = _told(json.loads(shape or "{}").get("fields", []))
        found |= _concepts[md5]
    return found


def _told(fields: Sequence[Mapping[str, object]]) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for field in fields:
        to, concept = field.get("saves_to"), field.get("concept")
        if isinstance(to, list) and concept:
            found[to[0], to[1]] = str(concept)
    return found


def _is_sensitive(concept: str) -> bool:
    return concept in SENSITIVE


def _is_code(text: str) -> bool:
    """Say whether a text is a code or a number; "Amina" is a name, "female" a choice."""
    return bool(_CODE.match(text)) and not any(
        word[:1].isupper() and _WORD.match(word) for word in text.split()
    )
