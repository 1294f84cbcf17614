"""Sends what waits: by SMTP to mailboxes, by a signed POST to other servers; again when it fails.

An attempt is written down before it is made: whoever kills the process between has a message sent
twice rather than never. Webhooks are signed as the Standard Webhooks specification says.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from server.config import VERSION
from server.database import writing_session
from server.tables.alerts import AlertAttempt, AlertMessage, AlertRule

# As the specification proposes: at once, then ever longer, for two days.
PAUSES = tuple(
    timedelta(seconds=one) for one in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000)
)
PATIENCE_S = 20
LONGEST_ANSWER = 300
MOST_AT_ONCE = 50


class NotSentError(Exception):
    """A message was not taken; the text says what the other side said."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The SMTP server that takes our mail: `smtp://`, `smtp+tls://` (STARTTLS) or `smtps://`."""

    url: str
    sender: str

    @property
    def is_set(self) -> bool:
        """Whether there is one."""
        return bool(self.url and self.sender)


def send_due(engine: Engine, mailbox: Mailbox, clock: Callable[[], datetime]) -> tuple[int, int]:
    """Try every message whose time has come; return how many were sent, and how many not."""
    sent = failed = 0
    for message_id in _due(engine, clock()):
        outcome = _try(engine, message_id, mailbox, clock)
        sent += outcome is True
        failed += outcome is False
    return sent, failed


def _due(engine: Engine, now: datetime) -> list[int]:
    with Session(engine) as session:
        query = (
            select(AlertMessage.id)
            .where(AlertMessage.state == "waiting", AlertMessage.next_at <= now)
            .order_by(AlertMessage.next_at, AlertMessage.id)
            .limit(MOST_AT_ONCE)
        )
        return list(session.scalars(query))


def _try(
    engine: Engine, message_id: int, mailbox: Mailbox, clock: Callable[[], datetime]
) -> bool | None:
    """Make one attempt; None when somebody else has the message in hand."""
    now = clock()
    with writing_session(engine) as session:
        message = session.get_one(AlertMessage, message_id)
        if message.state != "waiting" or message.next_at > now:
            return None
        rule = session.get_one(AlertRule, message.rule_id)
        message.next_at = now + PAUSES[min(message.attempts, len(PAUSES) - 1)]
        message.attempts += 1
        attempts, secret = message.attempts, rule.secret
        session.flush()
        session.expunge(message)
    began = time.monotonic()
    try:
        if message.channel == "mail":
            answer = _mail(message, mailbox, now)
        else:
            answer = _post(message, secret, now)
        is_sent = True
    except NotSentError as refusal:
        answer, is_sent = str(refusal), False
    took_ms = round((time.monotonic() - began) * 1000)
    state = "sent" if is_sent else "waiting" if attempts <= len(PAUSES) else "given_up"
    with writing_session(engine) as session:
        session.execute(
            update(AlertMessage).where(AlertMessage.id == message_id).values(state=state)
        )
        session.add(
            AlertAttempt(
                alert_message_id=message_id,
                at=now,
                took_ms=took_ms,
                outcome="sent" if is_sent else "failed",
                answer=_printable(answer),
            )
        )
    return is_sent


def _printable(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)[:LONGEST_ANSWER]


def signature(secret: str, message_id: str, timestamp: int, payload: bytes) -> str:
    """Return the value of `webhook-signature`: "v1," and the HMAC-SHA256 in Base64.

    Of message id, seconds and body with dots between, as the specification says.
    """
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, payload)
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def shown_secret(secret: str) -> str:
    """Return a secret as receivers' libraries take it: "whsec_" and Base64."""
    return f"whsec_{base64.b64encode(_key(secret)).decode()}"


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nowhere: what is signed for one server is not for another."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _post(message: AlertMessage, secret: str, now: datetime) -> str:
    payload, timestamp = message.payload.encode(), int(now.timestamp())
    request = urllib.request.Request(  # noqa: S310 - http and https alone, checked with the rule
        message.target,
        data=payload,
        headers={
            "Content-Type": "application/json",
            "User-Agent": f"doorstep/{VERSION}",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, message.message_id, timestamp, payload),
        },
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect)
    try:
        with opener.open(request, timeout=PATIENCE_S) as answer:
            return f"{answer.status} {answer.reason}"
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise NotSentError(f"{refusal.code} {refusal.reason}") from refusal
    except (OSError, http.client.HTTPException, ValueError) as trouble:
        raise NotSentError(_told(trouble)) from trouble


def _mail(message: AlertMessage, mailbox: Mailbox, now: datetime) -> str:
    if not mailbox.is_set:
        raise NotSentError("DOORSTEP_MAIL")
    try:
        letter = _letter(message, mailbox, now)
        with _opened(mailbox) as server:
            server.send_message(letter)
            return "250"
    # Python's reader of addresses trips over odd ones by AttributeError and IndexError: such a
    # message fails by itself, and keeps no other from going out.
    except (OSError, smtplib.SMTPException, ValueError, AttributeError, LookupError) as trouble:
        raise NotSentError(_told(trouble)) from trouble


def _letter(message: AlertMessage, mailbox: Mailbox, now: datetime) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"] = mailbox.sender, message.target
    letter["Subject"] = " ".join(message.title.split())
    letter["Date"] = now.astimezone(UTC)
    letter["Message-ID"] = f"<{message.message_id}@{mailbox.sender.rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(message.payload)
    return letter


def _opened(mailbox: Mailbox) -> smtplib.SMTP:
    parts = urlsplit(mailbox.url)
    host = parts.hostname or "localhost"
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if parts.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=PATIENCE_S, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 25, timeout=PATIENCE_S)
        if parts.scheme == "smtp+tls":
            server.starttls(context=context)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _told(trouble: Exception) -> str:
    if isinstance(trouble, smtplib.SMTPResponseException):
        told = trouble.smtp_error
        words = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        return f"{trouble.smtp_code} {words}"
    reason = getattr(trouble, "reason", None)
    return str(reason or trouble) or type(trouble).__name__
