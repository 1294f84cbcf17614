"""Entity lists among what was brought, as ODK Central exports them.

Columns: `__id`, `label`, the properties, then `__createdAt`, `__creatorId`, `__creatorName`,
`__updates`, `__updatedAt`, `__version` (getodk/central-backend lib/data/entity.js).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from server.survey.moving.contents import Contents, Note
from server.survey.moving.tables import Table, file_stem

NO_LIST = "%(name)s: no entity list can have this name."
BAD_ROWS = "%(name)s: %(count)s rows have no id that is a UUID, and are left out."

# openrosa.md F5: a letter, `_` or `:` first, no dot, not two underscores in front.
_LIST_NAME = re.compile(r"(?!__)[^\W\d][\w -]*\Z")


@dataclass(frozen=True, slots=True)
class BroughtEntity:
    """One entity as another server held it."""

    entity_id: str
    label: str
    properties: dict[str, str]
    version: int


@dataclass(frozen=True, slots=True)
class BroughtList:
    """One list. `properties` are the columns that are no system's."""

    name: str
    properties: tuple[str, ...]
    rows: int
    table: Table

    def entities(self) -> Iterator[BroughtEntity]:
        """Give the entities in the order of the file; rows without an id are left out."""
        places = {name: at for at, name in enumerate(self.table.headings)}
        for row in self.table.rows():
            entity_id = _id(row[places["__id"]])
            if not entity_id:
                continue
            version = row[places["__version"]]
            yield BroughtEntity(
                entity_id,
                row[places["label"]],
                {name: row[places[name]] for name in self.properties},
                int(version) if version.isdecimal() else 1,
            )


def read_lists(contents: Contents) -> tuple[list[BroughtList], list[Note]]:
    """Return the lists by name, and what is wrong with their tables."""
    lists: list[BroughtList] = []
    notes: list[Note] = []
    for table in contents.entities:
        name = _list_name(table.path)
        if not _LIST_NAME.match(name):
            notes.append(Note(NO_LIST, {"name": table.path}))
            continue
        properties = tuple(
            one for one in table.headings if one and one != "label" and not one.startswith("__")
        )
        at = table.headings.index("__id")
        good = bad = 0
        for row in table.rows():
            good, bad = (good + 1, bad) if _id(row[at]) else (good, bad + 1)
        if bad:
            notes.append(Note(BAD_ROWS, {"name": table.path, "count": bad}))
        lists.append(BroughtList(name, properties, good, table))
    return lists, notes


def _list_name(path: str) -> str:
    """Return the list a file holds: its name, or its folder's for the API's entities.csv."""
    stem = file_stem(path)
    folder = path.rpartition("/")[0].rpartition("/")[2]
    return folder if stem == "entities" and folder else stem


def _id(text: str) -> str:
    try:
        return str(uuid.UUID(text.strip().removeprefix("uuid:")))
    except ValueError:
        return ""
