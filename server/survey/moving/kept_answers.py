"""Every kept submission with its files, page by page: what leaves, in the order it came."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from server.database import rows_with, table_of
from server.survey.keeping import ATTACHMENT, SUBMISSION
from server.survey.site import Site
from server.tables.decisions import Binned, MovedIn, SubmissionNote
from server.tables.projections import Projected
from server.tables.truth import Phone

# XML of a visit has some 10 kB: a page of them is a few megabytes.
PAGE = 200
MOVED_IN = table_of(MovedIn)
NOTE = table_of(SubmissionNote)
BINNED = table_of(Binned)
PROJECTED = table_of(Projected)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall leave: None stands for all. `since` and `until` bound when it was received."""

    project_id: int = 1
    form_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """One kept submission. `files` are (name, SHA-256, size), each name once.

    `is_current` is false for one that was edited, and for one in the bin. `edits` counts the
    edits of its whole chain; `phone` is the name of the phone or of who sent it elsewhere.
    """

    id: int
    form_id: str
    version: str
    instance_id: str
    root_instance_id: str
    xml: bytes
    received_at: datetime
    device_id: str
    phone_id: int | None
    phone: str
    source: str
    files: tuple[tuple[str, str, int], ...]
    review_state: str
    edits: int
    is_current: bool


def last_id(site: Site) -> int:
    """Return the id of the newest submission: what comes later does not leave with this taking."""
    with site.engine.connect() as connection:
        return connection.scalar(select(func.max(SUBMISSION.c.id))) or 0


def form_ids(site: Site, wanted: Wanted) -> list[str]:
    """Return the forms that have submissions, by id."""
    with site.engine.connect() as connection:
        found = connection.scalars(
            select(SUBMISSION.c.form_id)
            .where(SUBMISSION.c.project_id == wanted.project_id)
            .distinct()
            .order_by(SUBMISSION.c.form_id)
        )
        return [one for one in found if wanted.form_id in (None, one)]


def walk(site: Site, wanted: Wanted, form_id: str | None, until_id: int) -> Iterator[KeptAnswers]:
    """Give the submissions of a form, or of all, in the order they came; flat in memory."""
    after = 0
    with site.engine.connect() as connection:
        chains = _chains(connection, wanted.project_id)
    while True:
        with site.engine.connect() as connection:
            rows = _page(connection, wanted, form_id, after, until_id)
            page = _with_circumstances(connection, rows, chains)
        if not rows:
            return
        yield from page
        after = rows[-1]["id"]


def _page(
    connection: Connection, wanted: Wanted, form_id: str | None, after: int, until_id: int
) -> list[Mapping[str, Any]]:
    kept = SUBMISSION.c
    query = (
        select(SUBMISSION)
        .where(kept.project_id == wanted.project_id, kept.id > after, kept.id <= until_id)
        .order_by(kept.id)
        .limit(PAGE)
    )
    if form_id or wanted.form_id:
        query = query.where(kept.form_id == (form_id or wanted.form_id))
    if wanted.since is not None:
        query = query.where(kept.received_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(kept.received_at < wanted.until)
    return [dict(row) for row in connection.execute(query).mappings()]


def _with_circumstances(
    connection: Connection,
    rows: Sequence[Mapping[str, Any]],
    chains: Mapping[tuple[str, str], int],
) -> list[KeptAnswers]:
    """Add what other tables say of a page of submissions, asked once for the page."""
    ids = [row["id"] for row in rows]
    roots = [row["root_instance_id"] for row in rows]
    files = _files(connection, ids)
    moved = {row[0]: row[1:] for row in rows_with(
        connection, MOVED_IN, ("submission_id", "submitter", "source"), "submission_id", ids
    )}  # fmt: skip
    replaced = {
        row[0]
        for row in rows_with(
            connection, PROJECTED, ("submission_id", "state"), "submission_id", ids
        )
        if row[1] in ("replaced", "binned")
    }
    states = _states(connection, roots)
    binned = {
        (form_id, root)
        for form_id, root, restored_at in rows_with(
            connection,
            BINNED,
            ("form_id", "root_instance_id", "restored_at"),
            "root_instance_id",
            roots,
        )
        if restored_at is None
    }
    phones = _phones(connection, {row["phone_id"] for row in rows if row["phone_id"]})
    return [
        KeptAnswers(
            id=row["id"],
            form_id=row["form_id"],
            version=row["version"],
            instance_id=row["instance_id"],
            root_instance_id=row["root_instance_id"],
            xml=row["xml"],
            received_at=row["received_at"],
            device_id=row["device_id"],
            phone_id=row["phone_id"],
            phone=phones.get(row["phone_id"], "") or moved.get(row["id"], ("", ""))[0],
            source=moved.get(row["id"], ("", ""))[1],
            files=files.get(row["id"], ()),
            review_state=states.get((row["form_id"], row["root_instance_id"]), ""),
            edits=chains.get((row["form_id"], row["root_instance_id"]), 0),
            is_current=row["id"] not in replaced
            and (row["form_id"], row["root_instance_id"]) not in binned,
        )
        for row in rows
    ]


def _files(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[tuple[str, str, int], ...]]:
    names = ("submission_id", "name", "sha256", "size", "received_at")
    rows = rows_with(connection, ATTACHMENT, names, "submission_id", ids)
    found: dict[int, dict[str, tuple[str, str, int]]] = defaultdict(dict)
    # A name that came twice: the first is shown everywhere, and it leaves.
    for submission_id, name, sha256, size, _ in sorted(rows, key=lambda row: (row[4], row[2])):
        found[submission_id].setdefault(name, (name, sha256, size))
    return {one: tuple(files[name] for name in sorted(files)) for one, files in found.items()}


def _states(connection: Connection, roots: Sequence[str]) -> dict[tuple[str, str], str]:
    names = ("id", "form_id", "root_instance_id", "state")
    rows = rows_with(connection, NOTE, names, "root_instance_id", roots)
    return {(form_id, root): state for _, form_id, root, state in sorted(rows) if state}


def _chains(connection: Connection, project_id: int) -> dict[tuple[str, str], int]:
    """Return how often each chain was edited. Asked once: edits are few, and have an index."""
    kept = SUBMISSION.c
    rows = connection.execute(
        select(kept.form_id, kept.root_instance_id, func.count())
        .where(kept.project_id == project_id, kept.deprecated_id.is_not(None))
        .group_by(kept.form_id, kept.root_instance_id)
    )
    return {(form_id, root): count for form_id, root, count in rows}


def _phones(connection: Connection, ids: set[int]) -> dict[int | None, str]:
    rows = rows_with(connection, table_of(Phone), ("id", "name"), "id", sorted(ids))
    return dict(rows)
