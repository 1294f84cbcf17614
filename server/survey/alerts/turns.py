"""One turn: look, write messages, send. One process does it at a time, whichever comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from server.database import writing_session
from server.survey import addresses
from server.survey.alerts import looking, messages, sending
from server.survey.alerts.messages import Frame, Say
from server.survey.alerts.sending import Mailbox
from server.survey.locks import alone
from server.survey.site import Site


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn did: events that began, messages written, sent, and not taken."""

    began: int
    written: int
    sent: int
    failed: int


def take(site: Site, project_id: int, say: Say, *, is_thorough: bool = True) -> Turn | None:
    """Look, write and send; None when another process is at it.

    Plans and phones are looked at when `is_thorough`: they cost the villages, and can wait.
    """
    with alone(site.settings.folder / "alerts.lock") as is_mine:
        if not is_mine:
            return None
        frame = frame_of(site, say)
        seen = looking.look(site, project_id, frame.now, is_thorough=is_thorough)
        with writing_session(site.engine) as session:
            began = looking.note(session, seen, frame.now)
            session.flush()
            written = messages.write(session, project_id, frame)
        sent, failed = sending.send_due(site.engine, mailbox(site), lambda: datetime.now(UTC))
        return Turn(began, written, sent, failed)


def frame_of(site: Site, say: Say) -> Frame:
    """Return what messages of this moment share."""
    address = site.settings.address or addresses.main_address(site.settings)
    return Frame(address.rstrip("/"), site.settings.zone, datetime.now(UTC), say)


def mailbox(site: Site) -> Mailbox:
    """Return the SMTP server that the settings name."""
    return Mailbox(site.settings.mail, site.settings.mail_from)
