"""What the other server told of a submission: when it came, by whom, and how it was reviewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

# ODK Central's words (docs/api.yaml, ReviewState) and Kobo's (_validation_status), and ours.
_REVIEWS = {
    "approved": "approved",
    "hasissues": "has_issues",
    "has_issues": "has_issues",
    "rejected": "rejected",
    "validation_status_approved": "approved",
    "validation_status_not_approved": "rejected",
    "validation_status_on_hold": "has_issues",
    "not approved": "rejected",
    "on hold": "has_issues",
}


@dataclass(frozen=True, slots=True)
class Told:
    """`source` names the file and its kind. "" and None: the other server did not say.

    `review_state` is approved, has_issues or rejected, as on our own pages. `place` is where it
    stood in the order in which the other doorstep had received all.
    """

    source: str = ""
    submitted_at: datetime | None = None
    submitter: str = ""
    review_state: str = ""
    device_id: str = ""
    version: str = ""
    place: int = 0


def review_state(text: str) -> str:
    """Return our word for a state of review, "" for received, edited or none."""
    return _REVIEWS.get(text.strip().lower(), "")


def instant(text: str) -> datetime | None:
    """Return an instant another server wrote by ISO 8601; without a zone it is UTC, as Kobo's."""
    try:
        told = datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    except ValueError:
        return None
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)


def of_row(cells: dict[str, str], source: str) -> Told:
    """Return what a row of submissions tells, by Central's headings or by Kobo's."""
    return Told(
        source=source,
        submitted_at=instant(cells.get("SubmissionDate") or cells.get("_submission_time") or ""),
        submitter=cells.get("SubmitterName") or cells.get("_submitted_by") or "",
        review_state=review_state(
            cells.get("ReviewState") or cells.get("_validation_status") or ""
        ),
        device_id=cells.get("DeviceID", ""),
        version=cells.get("FormVersion") or cells.get("__version__") or "",
    )
