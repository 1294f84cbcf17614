"""Takes a submission in: keeps it first, projects it second."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import OperationalError

from forms.problems import SubmissionProblem
from forms.submission import Envelope, open_envelope
from server.database import is_disk_full
from server.errors import FormClosed, Missing, StoreFull, Unreadable
from server.survey import replay
from server.survey.files import KeptFile
from server.survey.interpretation import Interpretation, Origin
from server.survey.keeping import Keeping, Kept
from server.survey.site import Site

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
    """What became of an upload: `outcome` is kept, again (was here already) or parked."""

    instance_id: str
    outcome: str


def receive(site: Site, upload: Upload) -> Receipt:
    """Keep an upload durably, then project it; the bytes are safe before anything interprets them.

    The same bytes again are a success and add the files they bring. Raises Unreadable for XML
    that cannot be kept, Missing for an unknown form, FormClosed, AlreadyKept for the same
    instance id with other answers, Conflict for an edit of a version that was edited already,
    and StoreFull.
    """
    try:
        envelope = open_envelope(upload.xml)
    except SubmissionProblem as problem:
        raise Unreadable(problem.msgid, **problem.params) from problem
    with site.engine.connect() as connection:
        asked = site.plans.find(connection, upload.project_id, envelope.form_id, envelope.version)
    if asked is None:
        raise Missing(
            "There is no form %(form)s here. Get blank forms again.", form=envelope.form_id
        )
    if asked.state == "closed":
        raise FormClosed("Form %(form)s is closed. Get blank forms again.", form=envelope.form_id)
    keeping = Keeping(_row(upload, envelope), upload.files)
    try:
        kept: Kept = site.writer.ask(site.keeping, keeping).result()
    except (OSError, OperationalError) as error:
        if is_disk_full(error):
            raise StoreFull(
                "The site's disk is full. Tell your supervisor; nothing was lost here."
            ) from error
        raise
    if not kept.is_new:
        return Receipt(envelope.instance_id, "again")
    origin = Origin(
        kept.submission_id,
        upload.project_id,
        envelope.form_id,
        envelope.instance_id,
        envelope.deprecated_id,
        upload.received_at,
        upload.phone_id,
    )
    is_projected = _project(site, replay.Read(origin, envelope, asked.plan))
    return Receipt(
        envelope.instance_id, "kept" if is_projected and not kept.is_orphan else "parked"
    )


def _project(site: Site, read: replay.Read) -> bool:
    """Work a kept submission out; if that fails it stands, and `rebuild` tries again."""
    try:
        interpretation = replay.interpretation(read, site.keys)
        site.writer.ask(site.projecting, interpretation).result()
    except Exception as error:
        log.exception("kept %s, not projected", read.origin.instance_id)
        failed = Interpretation(read.origin, "failed", type(error).__name__)
        site.writer.ask(site.projecting, failed).result()
        return False
    return interpretation.state == "projected"


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
