"""What the demo's phones would have told of themselves: app, forms they hold, last contact."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.survey import devices, form_versions
from server.survey.devices import FetchedForm, Sighting
from server.survey.first_run import PROJECT
from server.tables.truth import Submission

_COLLECT = "org.odk.collect.android/v2026.3.0 Dalvik/2.1.0 (Linux; U; Android 13)"
_KOBO = "org.koboc.collect.android/2025.3.3 Dalvik/2.1.0 (Linux; U; Android 12)"
_OLD = "org.odk.collect.android/v2023.3.1 Dalvik/2.1.0 (Linux; U; Android 9)"
# Among ten phones one has an old app, two are KoboCollect, one missed the last version of a form.
_AGENTS = (_COLLECT, _KOBO, _COLLECT, _OLD, _COLLECT, _COLLECT, _KOBO, _COLLECT, _COLLECT, _COLLECT)
_MISSED_VERSION = 5
_ASKED_AFTER = timedelta(minutes=15)


def add(session: Session) -> int:
    """Add the devices that sent something, as their requests would have; returns how many."""
    rows = session.execute(
        select(
            Submission.phone_id,
            Submission.device_id,
            func.min(Submission.received_at),
            func.max(Submission.received_at),
        )
        .group_by(Submission.phone_id, Submission.device_id)
        .order_by(Submission.phone_id, Submission.device_id)
    ).all()
    forms = form_versions.listed_forms(session, PROJECT)
    seen = []
    for number, (phone_id, device_id, first_at, last_at) in enumerate(rows):
        if phone_id is None:
            continue
        asked_at = last_at + _ASKED_AFTER
        held = {
            one.form_id: FetchedForm(one.form_id, one.version, one.md5, first_at) for one in forms
        }
        if number % 10 == _MISSED_VERSION and forms:
            missed = forms[0].form_id
            held[missed] = FetchedForm(missed, "2026050101", "0" * 32, first_at)
        agent = _AGENTS[number % 10]
        seen.append(
            Sighting(phone_id, device_id, agent, first_at, asked_at, asked_at, last_at, held)
        )
    devices.write(session.connection(), [seen])
    return len(seen)
