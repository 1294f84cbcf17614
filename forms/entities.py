"""Reading the entity block of a submission: what it wants to create or change in an entity list."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from forms.values import read_integer

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class EntityBlock:
    """One `meta/entity` node (ODK entities 2022.1–2025.1), with the properties saved to it.

    `entity_id` is lower-case without "uuid:", "" when missing. `label` is None when absent or blank
    (unchanged in an update). A property whose question was not shown is absent from `properties`
    (unchanged); one that was shown and left empty is "" (emptied). `branch_id` and the versions
    are None where the client left them blank. `position` is that of the enclosing repetitions.
    """

    list_name: str
    entity_id: str
    creates: bool
    updates: bool
    label: str | None
    base_version: int | None
    trunk_version: int | None
    branch_id: str | None
    properties: Mapping[str, str]
    path: str
    position: tuple[int, ...]

    def faults(self, declared: Mapping[str, frozenset[str]]) -> list[str]:
        """Return the complaint codes of this block; none when it asks for nothing.

        `declared` holds what the form may do to each of its lists: create, update. A new entity
        without an id is none: whoever takes it in gives it one.
        """
        if not (self.creates or self.updates):
            return []
        wanted = {"create": self.creates, "update": self.updates}
        may = declared.get(self.list_name)
        is_told = may is None or all(verb in may for verb, is_asked in wanted.items() if is_asked)
        tests = (
            ("entity_list_unknown", may is None),
            ("entity_action_undeclared", not is_told),
            ("entity_id_missing", self.updates and not self.entity_id),
            ("entity_id_malformed", self.entity_id and not _UUID.fullmatch(self.entity_id)),
            ("entity_label_missing", self.creates and not self.label),
            ("entity_base_missing", self.updates and not self.creates and not self.base_version),
            ("entity_branch_missing", self.trunk_version is not None and self.branch_id is None),
        )
        return [code for code, is_wrong in tests if is_wrong]


def read_block(
    element: etree._Element, properties: Mapping[str, str], path: str, position: tuple[int, ...]
) -> EntityBlock:
    """Return the block an `entity` element describes; attribute values are trimmed."""
    attributes = {str(name): str(value).strip() for name, value in element.attrib.items()}
    label = next((child.text for child in element.iterchildren("{*}label")), None)
    return EntityBlock(
        list_name=attributes.get("dataset", ""),
        entity_id=attributes.get("id", "").lower().removeprefix("uuid:"),
        creates=attributes.get("create") in ("1", "true"),
        updates=attributes.get("update") in ("1", "true"),
        label=(label or "").strip() or None,
        base_version=read_integer(attributes.get("baseVersion", "")),
        trunk_version=read_integer(attributes.get("trunkVersion", "")),
        branch_id=attributes.get("branchId", "").lower().removeprefix("uuid:") or None,
        properties=properties,
        path=path,
        position=position,
    )
