"""Takes a submission in: keeps it first, projects it second."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy.exc import OperationalError

from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import Envelope, open_envelope
from server.database import is_disk_full
from server.errors import FormClosed, Missing, StoreFull, Unreadable
from server.survey import purging, replay
from server.survey.files import KeptFile
from server.survey.interpretation import Interpretation, Origin
from server.survey.keeping import Keeping, Kept, is_kept
from server.survey.site import Site
from server.survey.writer import LARGEST_GROUP

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Upload:
    """One POST of a phone: the XML as sent, the files beside it, and who sent it when."""

    project_id: int
    xml: bytes
    files: Sequence[KeptFile]
    phone_id: int | None
    device_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an upload: `outcome` is kept, again (was here already) or parked.

    `reason` says why it is parked: version_unknown, encrypted, early (an edit before what it
    edits) or failed. `flags` counts what looks wrong in it; `is_correction`: it names a record
    that was sent back.
    """

    instance_id: str
    outcome: str
    reason: str = ""
    flags: int = 0
    is_correction: bool = False


@dataclass(frozen=True, slots=True)
class _Projecting:
    """An interpretation on its way through the writer."""

    interpretation: Interpretation
    done: Future[None]


@dataclass(frozen=True, slots=True)
class _Opened:
    """An upload that can be kept: read, its form found, on its way through the writer."""

    upload: Upload
    envelope: Envelope
    plan: ReadingPlan | None
    kept: Future[Kept]


def receive(site: Site, upload: Upload) -> Receipt:
    """Keep an upload durably, then project it; the bytes are safe before anything interprets them.

    The same bytes again are a success and add the files they bring. Raises Unreadable for XML
    that cannot be kept, Missing for an unknown form, FormClosed, AlreadyKept for the same
    instance id with other answers, Conflict for an edit of a version that was edited already,
    and StoreFull.
    """
    receipt, projecting = _work_out(site, _open(site, upload))
    return _finish(site, receipt, projecting)


def is_wiped_out(site: Site, project_id: int, xml: bytes) -> bool:
    """Say whether this, or what it is an edit of, was wiped out: nothing of it is kept again."""
    try:
        envelope = open_envelope(xml)
    except SubmissionProblem:
        return False
    names = [one for one in (envelope.instance_id, envelope.deprecated_id) if one]
    keys = [(project_id, envelope.form_id, one) for one in names]
    with site.engine.connect() as connection:
        return bool(purging.purged_among(connection, keys))


def receive_many(site: Site, uploads: Iterable[Upload]) -> Iterator[Receipt]:
    """Receive uploads in the order given, many in one commit; give their receipts in order.

    Stops at the first that raises: those before it are kept. The way a demo or a move from
    another server comes in.
    """
    remaining = iter(uploads)
    while group := [_open(site, upload) for upload in islice(remaining, LARGEST_GROUP)]:
        for receipt, projecting in [_work_out(site, opened) for opened in group]:
            yield _finish(site, receipt, projecting)


def _open(site: Site, upload: Upload) -> _Opened:
    """Read what an upload is and ask the writer to keep it."""
    try:
        envelope = open_envelope(upload.xml)
    except SubmissionProblem as problem:
        raise Unreadable(problem.msgid, **problem.params) from problem
    keeping = Keeping(_row(upload, envelope), upload.files)
    with site.engine.connect() as connection:
        asked = site.plans.find(connection, upload.project_id, envelope.form_id, envelope.version)
        form = envelope.form_id
        if asked is None:
            raise Missing("There is no form %(form)s here. Get blank forms again.", form=form)
        # A phone that missed the answer sends again; it cannot mend that the form closed since.
        if asked.state == "closed" and not is_kept(connection, keeping):
            raise FormClosed("Form %(form)s is closed. Get blank forms again.", form=form)
    return _Opened(upload, envelope, asked.plan, site.writer.ask(site.keeping, keeping))


def _work_out(site: Site, opened: _Opened) -> tuple[Receipt, _Projecting | None]:
    """Wait until the upload is safe, then interpret it and ask the writer to project it."""
    kept, envelope, upload = _wait(opened.kept), opened.envelope, opened.upload
    if not kept.is_new:
        return Receipt(envelope.instance_id, "again"), None
    origin = Origin(
        kept.submission_id,
        upload.project_id,
        envelope.form_id,
        envelope.instance_id,
        envelope.deprecated_id,
        upload.received_at,
        upload.phone_id,
        kept.root_instance_id,
    )
    interpretation = replay.safely(replay.Read(origin, envelope, opened.plan), site.keys)
    is_done = interpretation.state == "projected" and not kept.is_orphan
    reason = "early" if interpretation.state == "projected" else interpretation.reason
    receipt = (
        Receipt(envelope.instance_id, "kept", is_correction=bool(interpretation.corrects))
        if is_done
        else Receipt(envelope.instance_id, "parked", reason)
    )
    return receipt, _Projecting(interpretation, site.writer.ask(site.projecting, interpretation))


def _wait(kept: Future[Kept]) -> Kept:
    try:
        return kept.result()
    except (OSError, OperationalError) as error:
        if is_disk_full(error):
            raise StoreFull(
                "The site's disk is full. Nothing was kept: send again later."
            ) from error
        raise


def _finish(site: Site, receipt: Receipt, projecting: _Projecting | None) -> Receipt:
    """Wait for the projection. If it fails the submission stands, and `rebuild` tries again."""
    if projecting is None:
        return receipt
    try:
        projecting.done.result()
    except Exception as error:
        log.exception("kept %s, not projected", receipt.instance_id)
        # A full disk is no fault of the submission: unmarked, the next start takes it up.
        if not is_disk_full(error):
            _note_failure(site, projecting.interpretation.origin, error)
        return Receipt(receipt.instance_id, "parked", "failed")
    # Only now all are known: what compares it with others adds to them.
    return replace(receipt, flags=len(projecting.interpretation.flags))


def _note_failure(site: Site, origin: Origin, error: Exception) -> None:
    """Mark a submission as failed; where not even that is possible, the next start takes it up."""
    failed = Interpretation(origin, "failed", type(error).__name__)
    noted = site.writer.ask(site.projecting, failed)
    if noted.exception() is not None:
        log.error("submission %s waits for the next start", origin.submission_id)


def _row(upload: Upload, envelope: Envelope) -> dict[str, Any]:
    return {
        "project_id": upload.project_id,
        "form_id": envelope.form_id,
        "version": envelope.version,
        "instance_id": envelope.instance_id,
        "root_instance_id": envelope.instance_id,
        "deprecated_id": envelope.deprecated_id,
        "xml": upload.xml,
        "sha256": hashlib.sha256(upload.xml).hexdigest(),
        "received_at": upload.received_at,
        "phone_id": upload.phone_id,
        "device_id": upload.device_id,
    }
