"""Where phones send: a question whether they may, then the answers with their files."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from flask import Response, request
from werkzeug.exceptions import HTTPException

from forms import openrosa
from server.survey import files, intake
from server.survey.intake import Receipt, Upload
from server.web import door, language
from server.web.language import gettext, ngettext
from server.web.openrosa import access, multipart

feed = access.phone_feed("phone_submission")
LONGEST_DEVICE_ID = 200
# Phones split what is longer, but for a single long video: then the connection just ends.
LONGEST_HEARD_OUT_BYTES = 32_000_000
_PIECE_BYTES = 65_536
AGAIN = "Received. It was here before: nothing is doubled."
# Status and words by what became of the upload. Phones take anything but 201 and 202 as a failure.
_ANSWERS = {
    "kept": (201, "Received."),
    "again": (201, AGAIN),
    "parked": (
        202,
        "Received and safe. The office still has to sort it in; do not send it again.",
    ),
}
CORRECTED = "Received as a correction: it stands in place of the record that was sent back."
# What to do next where it cannot be sorted in yet. Nobody but the worker may read it: no names.
PARKED_WORDS = {
    "version_unknown": "Received and safe. The office does not have this version of the form yet. "
    "Get blank forms again before the next visit; do not send this one again.",
    "encrypted": "Received and safe, encrypted as it is. There is nothing more to do.",
    "early": "Received and safe. The record it edits has not come yet: send all finished forms.",
}


@feed.after_request
def hear_out(answer: Response) -> Response:
    """Read the rest of a refused upload, so that the phone hears why.

    A connection that ends while it still writes looks to it like a bad network.
    """
    if answer.status_code >= 400 and (request.content_length or 0) <= LONGEST_HEARD_OUT_BYTES:
        left = LONGEST_HEARD_OUT_BYTES
        with suppress(HTTPException):
            while left > 0 and (piece := request.stream.read(_PIECE_BYTES)):
                left -= len(piece)
    return answer


@access.route(feed, "submission", methods=("HEAD",))
def ask(project_id: int) -> Response:
    """Say that this is the place to send to, and how much at once."""
    return Response(status=204, headers=_headers())


@access.route(feed, "submission", methods=("POST",))
def send(project_id: int) -> Response:
    """Keep a submission. The phone may forget it after 201 (kept) and 202 (kept, not sorted in)."""
    site = door.site()
    received_at = datetime.now(UTC)
    with files.arrivals(site.settings.files) as arriving:
        xml = multipart.read_upload(request, arriving)
        # What was wiped out is not kept again, nor are its files.
        is_gone = arriving.has_files and intake.is_wiped_out(site, project_id, xml)
        kept = [] if is_gone else arriving.keep()
        device_id = request.args.get("deviceID", "")[:LONGEST_DEVICE_ID]
        receipt = intake.receive(
            site, Upload(project_id, xml, kept, access.phone().id, device_id, received_at)
        )
    access.note_submission()
    status, msgid = _ANSWERS[receipt.outcome]
    return Response(openrosa.answer(_words(receipt, msgid)), status, _headers())


def _words(receipt: Receipt, msgid: str) -> str:
    """Return what the phone shows: what became of it, and what to do next, without any answer."""
    if receipt.outcome == "parked":
        return gettext(PARKED_WORDS.get(receipt.reason, msgid))
    said = gettext(CORRECTED if receipt.is_correction else msgid)
    if not receipt.flags:
        return said
    return said + ngettext(
        " %(n)s answer looks unusual: look at it again, or ask the office.",
        " %(n)s answers look unusual: look at them again, or ask the office.",
        receipt.flags,
    )


def _headers() -> dict[str, str]:
    return openrosa.headers(language.language(), door.site().settings.submission_limit_bytes)
