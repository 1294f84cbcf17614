"""Reads what came since the last time into facts: the cost of a run follows what changed.

The intake pays nothing for it. A submission that is taken out of the projections, by an edit, the
bin or a form that is read differently, loses its facts there; what counts and has none is read.
Only blocks that changed are looked at (survey.blocks), each in a transaction of its own, so that a
run can be stopped at any moment and intake waits only for a thousand rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from forms.audit_log import FILE, MAX_BYTES, AuditLog, read_audit
from forms.submission import open_envelope, read_answers
from server.database import insert_new, insert_or_replace, insert_rows, rows_with, table_of, writing
from server.survey import blocks, files
from server.survey.quality.records import packing
from server.survey.quality.records.packing import Packed
from server.survey.site import Site
from server.survey.stored_rows import Row
from server.tables.projections import Visit
from server.tables.record_facts import FactBlock, FactWord, RecordFacts
from server.tables.truth import Attachment, Form, FormVersion, Submission

FACTS, WORD, FILLED = table_of(RecordFacts), table_of(FactWord), table_of(FactBlock)
VISIT, SUBMISSION, ATTACHMENT = table_of(Visit), table_of(Submission), table_of(Attachment)
VERSION, FORM = table_of(FormVersion), table_of(Form)

# A form is published at one moment of one day; a phone's clock may be in another zone.
_A_DAY = timedelta(days=1)


def fill(site: Site) -> int:
    """Read every submission that counts and has no facts; return how many were read."""
    done = 0
    with site.engine.connect() as connection:
        changed = _changed(connection)
    for block, changes in changed:
        with site.engine.connect() as connection:
            revisions = _revisions(connection)
            packed = _pack(site, connection, _without_facts(connection, block))
        with writing(site.engine, is_durable=False) as connection:
            # What a form's answers mean has changed since they were read: next time.
            if _revisions(connection) == revisions:
                done += _write(connection, packed)
                insert_or_replace(connection, FILLED, [{"block": block, "changes": changes}])
    return done


def filled(connection: Connection) -> list[tuple[int, int]]:
    """Return up to which change of each block the facts are there: others, and facts are others."""
    query = select(FILLED.c.block, FILLED.c.changes).order_by(FILLED.c.block)
    return [(block, changes) for block, changes in connection.execute(query)]


def _changed(connection: Connection) -> list[tuple[int, int]]:
    """Return the blocks whose facts are not up to date, each with its changes as they are now."""
    known = dict(filled(connection))
    now = blocks.changes(connection)
    return [(block, changes) for block, changes in now.items() if known.get(block) != changes]


def _revisions(connection: Connection) -> list[Any]:
    query = select(FORM.c.project_id, FORM.c.form_id, FORM.c.revision)
    return sorted(tuple(row) for row in connection.execute(query))


def _without_facts(connection: Connection, block: int) -> list[Row]:
    has_facts = select(FACTS.c.submission_id).where(FACTS.c.submission_id == VISIT.c.submission_id)
    first = block * blocks.BLOCK
    rows = connection.execute(
        select(VISIT)
        .where(VISIT.c.submission_id.between(first, first + blocks.BLOCK - 1), ~has_facts.exists())
        .order_by(VISIT.c.submission_id)
    )
    return [dict(row) for row in rows.mappings()]


def _pack(site: Site, connection: Connection, visits: Sequence[Row]) -> dict[int, Packed]:
    """Return the facts of visits by submission; those whose form cannot be read are left out."""
    ids = [visit["submission_id"] for visit in visits]
    names = ("id", "project_id", "form_id", "version", "received_at", "xml")
    kept = {row[0]: row[1:] for row in rows_with(connection, SUBMISSION, names, "id", ids)}
    logs = _logs(site.settings.files, connection, ids)
    published = _published(connection)
    packed = {}
    for visit in visits:
        submission_id = visit["submission_id"]
        if submission_id not in kept:
            continue  # Wiped out since the visits were read: PostgreSQL shows it at once.
        project_id, form_id, version, received_at, xml = kept[submission_id]
        asked = site.plans.find(connection, project_id, form_id, version)
        if asked is None or asked.plan is None:
            continue
        answers = read_answers(open_envelope(xml), asked.plan)
        is_early = _is_early(published.get((project_id, form_id, version)), received_at, visit)
        log = logs.get(submission_id)
        packed[submission_id] = packing.pack(visit, answers, log, site.keys.zone, is_early)
    return packed


def _published(connection: Connection) -> Mapping[tuple[int, str, str], datetime]:
    columns = (VERSION.c.project_id, VERSION.c.form_id, VERSION.c.version, VERSION.c.published_at)
    return {(row[0], row[1], row[2]): row[3] for row in connection.execute(select(*columns))}


def _is_early(published_at: datetime | None, received_at: datetime, visit: Row) -> bool:
    """Say whether a visit ended before its form version was there.

    Not of what came before it, too: then it was brought here from another server.
    """
    ended_at = visit["ended_at"]
    if published_at is None or ended_at is None or received_at < published_at:
        return False
    return bool(ended_at < published_at - _A_DAY)


def _logs(folder: Path, connection: Connection, ids: Sequence[int]) -> dict[int, AuditLog]:
    """Return the audit logs that came with submissions: the first of each."""
    names = ("submission_id", "name", "received_at", "sha256")
    rows = rows_with(connection, ATTACHMENT, names, "submission_id", ids)
    first: dict[int, tuple[Any, ...]] = {}
    for submission_id, name, received_at, sha256 in rows:
        if name == FILE:
            told = (received_at, sha256)
            first[submission_id] = min(first.get(submission_id, told), told)
    found = {}
    for submission_id, (_, sha256) in first.items():
        place = files.path_of(folder, sha256)
        if place.is_file():
            with place.open("rb") as opened:
                found[submission_id] = read_audit(opened.read(MAX_BYTES))
    return found


def _write(connection: Connection, packed: Mapping[int, Packed]) -> int:
    """Keep facts of submissions that still count; return how many."""
    rows = rows_with(connection, VISIT, ("submission_id",), "submission_id", list(packed))
    counting = sorted(row[0] for row in rows)
    words: dict[int, str] = {}
    for one in packed.values():
        words.update(one.words)
    insert_new(connection, WORD, [{"code": key, "word": word} for key, word in words.items()])
    insert_rows(
        connection,
        FACTS,
        [
            {
                "submission_id": submission_id,
                "told": packed[submission_id].told,
                "readings": packed[submission_id].readings,
                "answers": packed[submission_id].answers,
            }
            for submission_id in counting
        ],
    )
    return len(counting)
