"""Alerts: noticed once, told in one message, tried again, never with a person's name."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from server.database import writing, writing_session
from server.errors import NotValid
from server.survey import intake
from server.survey.alerts import deliveries, looking, messages, rules, sending
from server.survey.alerts.messages import Frame
from server.survey.alerts.rules import NewRule
from server.survey.alerts.sending import PAUSES, Mailbox
from server.survey.areas import WHOLE_SITE, Scope
from server.survey.first_run import PROJECT
from server.survey.phones import add_phone
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.alerts import AlertAttempt, AlertEvent, AlertMessage, AlertRule
from server.tables.signals import Signal
from server.tables.tasks import TaskStep
from server.web.language import say
from tests.builders import NEXT_VILLAGE, VILLAGE, an_upload, screening_xml, versions
from tests.receivers import Mails, Posts, mail_server, web_server

NOW = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # 9:30 in Shanghai
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
FOUND = {"codes": ["oesophageal_cancer"]}
SIGNAL = {
    "check": "digits",
    "subject": "7",
    "indicator": "sbp",
    "family": "worker",
    "village_code": "",
    "township_code": "130921211000",
    "phone_id": 7,
    "submission_id": None,
    "figures": {},
    "verdict": "flag",
    "inputs": "a",
    "compared": "",
}


@pytest.fixture
def filled(site: Site) -> Site:
    with writing_session(site.engine) as session:
        import_sample(session, "test")
    return site


@pytest.fixture
def mails() -> Iterator[Mails]:
    with mail_server() as opened:
        yield opened


@pytest.fixture
def posts() -> Iterator[Posts]:
    with web_server() as opened:
        yield opened


def wish(kind: str = "found", **more: object) -> NewRule:
    conditions: dict[str, dict[str, Any]] = {
        "found": FOUND,
        "flag": {"checks": ["digits"]},
        "silent": {"days": 3},
    }
    asked = NewRule(
        name="Found in Gaochuan",
        kind=kind,
        area_code="130921211000",
        condition=conditions.get(kind, {}),
        mail_to=["doctor@example.org"],
        webhook_url="",
        is_on_today=True,
        hour=None,
        language="en",
    )
    return replace(asked, **more)  # type: ignore[arg-type]


def add(site: Site, asked: NewRule, at: datetime = NOW) -> int:
    with writing_session(site.engine) as session:
        return rules.add(session, PROJECT, asked, WHOLE_SITE, "lin", at).id


def find_one(site: Site, instance: str, village: str = VILLAGE) -> None:
    """Let a phone report a trouble in swallowing, and with it a suspected cancer."""
    version = versions(site)["disease_screening"]
    told = screening_xml(
        instance,
        village=village,
        version=version,
        person=f"person-{instance}",
        codes="oesophageal_cancer",
    )
    intake.receive(site, an_upload(told, NOW + MINUTE))


def turn(site: Site, at: datetime, mails: Mails | None = None) -> tuple[int, int]:
    """Look, write and send at an instant; return what was sent and what was not taken."""
    seen = looking.look(site, PROJECT, at, is_thorough=True)
    frame = Frame("http://10.0.0.5:8080", site.settings.zone, at, say)
    with writing_session(site.engine) as session:
        looking.note(session, seen, at)
        session.flush()
        messages.write(session, PROJECT, frame)
    mailbox = Mailbox(mails.url if mails else "", "doorstep@example.org")
    return sending.send_due(site.engine, mailbox, lambda: at)


def events(site: Site) -> list[AlertEvent]:
    with Session(site.engine) as session:
        return list(session.scalars(select(AlertEvent).order_by(AlertEvent.id)))


def test_a_found_disease_is_mailed_once_without_a_name(filled: Site, mails: Mails) -> None:
    add(filled, wish())
    find_one(filled, "uuid:a")

    sent = turn(filled, NOW + 2 * MINUTE, mails)
    again = turn(filled, NOW + 30 * MINUTE, mails)

    (letter,) = mails.taken
    assert (sent, again) == ((1, 0), (0, 0))
    assert letter["Subject"] == "Found in Gaochuan (1)"
    assert letter["To"] == "doctor@example.org"
    body = letter.get_content()
    assert "suspected: Oesophageal cancer" in body
    assert "http://10.0.0.5:8080/screening" in body
    assert "王" not in body


def test_what_came_before_the_rule_or_elsewhere_is_not_told(filled: Site, mails: Mails) -> None:
    find_one(filled, "uuid:a")
    add(filled, wish(), NOW + 5 * MINUTE)
    add(filled, wish(area_code=NEXT_VILLAGE))

    assert turn(filled, NOW + 6 * MINUTE, mails) == (0, 0)


def test_several_events_within_ten_minutes_share_a_message(filled: Site, mails: Mails) -> None:
    add(filled, wish())
    find_one(filled, "uuid:a")
    turn(filled, NOW + 2 * MINUTE, mails)
    find_one(filled, "uuid:b")
    turn(filled, NOW + 3 * MINUTE, mails)
    find_one(filled, "uuid:c", NEXT_VILLAGE)
    turn(filled, NOW + 13 * MINUTE, mails)

    assert [one["Subject"] for one in mails.taken] == [
        "Found in Gaochuan (1)",
        "Found in Gaochuan (2)",
    ]


def test_a_digest_goes_out_once_a_day_at_its_hour_for_all_rules(filled: Site, mails: Mails) -> None:
    add(filled, wish(hour=18))
    add(filled, wish("flag", name="Digits", hour=18))
    find_one(filled, "uuid:a")
    with writing(filled.engine) as connection:
        connection.execute(insert(Signal).values(**SIGNAL, noticed_at=NOW + MINUTE))

    before = turn(filled, NOW + 2 * MINUTE, mails)
    at_six = turn(filled, NOW.replace(hour=10, minute=0), mails)
    find_one(filled, "uuid:b")
    later = turn(filled, NOW.replace(hour=11), mails)
    next_day = turn(filled, NOW.replace(hour=10, minute=1) + DAY, mails)

    assert (before, at_six, later, next_day) == ((0, 0), (1, 0), (0, 0), (1, 0))
    assert [one["Subject"] for one in mails.taken] == [
        "Digest of the day (2)",
        "Found in Gaochuan (1)",
    ]
    assert "Last digits" in mails.taken[0].get_content()


def test_a_webhook_is_signed_as_the_standard_says(filled: Site, posts: Posts) -> None:
    rule_id = add(filled, wish(mail_to=[], webhook_url=posts.url))
    find_one(filled, "uuid:a")

    assert turn(filled, NOW + 2 * MINUTE) == (1, 0)

    ((headers, body),) = posts.taken
    with Session(filled.engine) as session:
        shown = sending.shown_secret(session.get_one(AlertRule, rule_id).secret)
    key = base64.b64decode(shown.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-timestamp"] == str(int((NOW + 2 * MINUTE).timestamp()))
    told = json.loads(body)
    assert told["type"] == "doorstep.alert"
    assert told["data"]["events"][0]["village_code"] == VILLAGE
    assert told["data"]["events"][0]["figures"] == {
        "code": "oesophageal_cancer",
        "state": "suspected",
    }


def test_what_is_not_taken_is_tried_again_the_same_to_the_byte(filled: Site, posts: Posts) -> None:
    add(filled, wish(mail_to=[], webhook_url=posts.url))
    find_one(filled, "uuid:a")
    posts.status = 503
    at = NOW + 2 * MINUTE

    first = turn(filled, at)
    too_soon = turn(filled, at + timedelta(seconds=1))
    posts.status = 200
    second = turn(filled, at + PAUSES[0])

    assert (first, too_soon, second) == ((0, 1), (0, 0), (1, 0))
    (one, other) = posts.taken
    assert one[1] == other[1]
    assert one[0]["webhook-id"] == other[0]["webhook-id"]
    with Session(filled.engine) as session:
        attempts = session.scalars(select(AlertAttempt).order_by(AlertAttempt.id)).all()
        assert [(made.outcome, made.answer) for made in attempts] == [
            ("failed", "503 Service Unavailable"),
            ("sent", "200 OK"),
        ]


def test_a_redirect_is_not_followed(filled: Site, posts: Posts) -> None:
    add(filled, wish(mail_to=[], webhook_url=posts.url))
    find_one(filled, "uuid:a")
    posts.status = 302

    assert turn(filled, NOW + 2 * MINUTE) == (0, 1)
    assert len(posts.taken) == 1


def test_after_two_days_a_message_is_given_up_and_can_be_sent_again(
    filled: Site, mails: Mails
) -> None:
    add(filled, wish())
    find_one(filled, "uuid:a")
    mails.refusal = "451 try later"
    at = NOW + 2 * MINUTE
    for pause in (timedelta(), *PAUSES):
        at += pause
        assert turn(filled, at, mails) == (0, 1)
    assert turn(filled, at + 9 * DAY, mails) == (0, 0)
    mails.refusal = ""
    with writing_session(filled.engine) as session:
        message = session.scalars(select(AlertMessage)).one()
        assert message.state == "given_up"
        copy = deliveries.repeat(session, message, at + 10 * DAY)
        assert (copy.message_id, copy.payload) == (message.message_id, message.payload)

    assert turn(filled, at + 10 * DAY, mails) == (1, 0)
    assert "451" in _answers(filled)[0]
    assert message.message_id in mails.taken[0]["Message-ID"]


def _answers(site: Site) -> list[str]:
    with Session(site.engine) as session:
        return list(session.scalars(select(AlertAttempt.answer).order_by(AlertAttempt.id)))


def test_without_a_mail_server_mails_wait(filled: Site) -> None:
    add(filled, wish())
    find_one(filled, "uuid:a")

    assert turn(filled, NOW + 2 * MINUTE) == (0, 1)
    with Session(filled.engine) as session:
        assert deliveries.waiting(session, PROJECT, WHOLE_SITE) == 1


def test_a_flag_is_told_while_it_is_open_and_again_when_its_input_changes(
    filled: Site, mails: Mails
) -> None:
    add(filled, wish("flag"))
    with writing(filled.engine) as connection:
        connection.execute(insert(Signal).values(**SIGNAL, noticed_at=NOW + MINUTE))
    turn(filled, NOW + 2 * MINUTE, mails)
    step = {"check": "digits", "subject": "7", "indicator": "sbp", "inputs": "a", "kind": "closed"}
    with writing(filled.engine) as connection:
        empty = {"owner": "", "reason": "talked", "note": "", "at": NOW, "who": "lin"}
        connection.execute(insert(TaskStep).values(**step, **empty))
    turn(filled, NOW + 20 * MINUTE, mails)
    closed = events(filled)
    with writing(filled.engine) as connection:
        connection.execute(update(Signal).values(inputs="b"))
    turn(filled, NOW + 40 * MINUTE, mails)

    assert [one.ended_at is None for one in closed] == [False]
    assert [one["Subject"] for one in mails.taken] == ["Found in Gaochuan (1)"] * 2
    assert [one.ended_at is None for one in events(filled)] == [False, True]


def test_a_closed_flag_that_somebody_opens_again_is_told_again(filled: Site, mails: Mails) -> None:
    add(filled, wish("flag"))
    step = {"check": "digits", "subject": "7", "indicator": "sbp", "inputs": "a", "who": "lin"}
    empty = {"owner": "", "reason": "", "note": "", "at": NOW}
    with writing(filled.engine) as connection:
        connection.execute(insert(Signal).values(**SIGNAL, noticed_at=NOW + MINUTE))
        # A step on other inputs, and one on another subject, are none on this one.
        others = ({**step, "inputs": "of old"}, {**step, "subject": "8"})
        for one in ({**step, "kind": "closed"}, *({**one, "kind": "reopened"} for one in others)):
            connection.execute(insert(TaskStep).values(**one, **empty))
    turn(filled, NOW + 2 * MINUTE, mails)
    closed = events(filled)
    with writing(filled.engine) as connection:
        connection.execute(insert(TaskStep).values(**step, **empty, kind="reopened"))

    turn(filled, NOW + 20 * MINUTE, mails)

    assert closed == []
    assert [one.ended_at is None for one in events(filled)] == [True]


def test_a_silent_phone_is_told_once_and_is_over_when_it_is_heard_of(
    filled: Site, mails: Mails
) -> None:
    with writing_session(filled.engine) as session:
        phone = add_phone(session, PROJECT, "王芳", [VILLAGE], WHOLE_SITE)
    add(filled, wish("silent"))
    later = datetime.now(UTC) + 4 * DAY

    turn(filled, later, mails)
    turn(filled, later + DAY, mails)

    (letter,) = mails.taken
    assert "silent for 4 days" in letter.get_content()
    assert phone.name in letter.get_content()


def test_today_shows_what_stands_open_in_the_readers_area(filled: Site) -> None:
    rule_id = add(filled, wish())
    find_one(filled, "uuid:a")
    turn(filled, NOW + 2 * MINUTE)

    def shown(scope: Scope) -> list[tuple[int, int]]:
        with Session(filled.engine) as session:
            told = rules.on_today(session, PROJECT, scope, NOW + DAY, may_see_workers=True)
        return [(one.rule_id, one.count) for one in told]

    assert shown(Scope((VILLAGE,))) == [(rule_id, 1)]
    assert shown(Scope((NEXT_VILLAGE,))) == []


def test_a_stopped_rule_tells_nothing_more(filled: Site, mails: Mails) -> None:
    rule_id = add(filled, wish())
    find_one(filled, "uuid:a")
    with writing_session(filled.engine) as session:
        rules.stop(session, rules.find(session, rule_id, WHOLE_SITE), "lin", NOW + MINUTE)

    assert turn(filled, NOW + 2 * MINUTE, mails) == (0, 0)
    assert events(filled) == []


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": " "}, "name"),
        ({"kind": "else"}, "kind"),
        ({"condition": {"codes": ["aids"]}}, "codes"),
        ({"kind": "flag", "condition": {"checks": ["nothing"]}}, "checks"),
        ({"kind": "behind", "condition": {"households": 0}}, "households"),
        ({"kind": "silent", "condition": {"days": 0}}, "days"),
        ({"area_code": "999999999999"}, "area_code"),
        ({"area_code": "x"}, "area_code"),
        ({"mail_to": ["no address"]}, "mail_to"),
        ({"mail_to": [f"a{n}@example.org" for n in range(21)]}, "mail_to"),
        ({"webhook_url": "ftp://example.org"}, "webhook_url"),
        ({"webhook_url": "http://name:word@example.org"}, "webhook_url"),
        ({"hour": 24}, "hour"),
        ({"mail_to": [], "is_on_today": False}, "is_on_today"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_at_its_field(
    filled: Site, asked: dict[str, object], field: str
) -> None:
    with pytest.raises(NotValid) as refused:
        add(filled, wish(**asked))  # type: ignore[arg-type]

    assert refused.value.field == field


def test_nobody_makes_a_rule_for_an_area_that_is_not_his(filled: Site) -> None:
    with writing_session(filled.engine) as session, pytest.raises(NotValid):
        rules.add(session, PROJECT, wish(), Scope((VILLAGE,)), "lin", NOW)


@pytest.mark.parametrize(
    "address", ["a@[", "=?utf-8?q?=0a?=@b.example", "a@b\x00.example", "\u738b@b"]
)
def test_an_address_that_no_mail_program_reads_is_refused(filled: Site, address: str) -> None:
    with pytest.raises(NotValid):
        add(filled, wish(mail_to=[address]))


def test_a_message_that_cannot_be_written_keeps_no_other_from_going_out(
    filled: Site, mails: Mails
) -> None:
    rule_id = add(filled, wish())
    frame = Frame("https://here.example", filled.settings.zone, NOW, say)
    with writing_session(filled.engine) as session:
        rule = session.get_one(AlertRule, rule_id)
        rule.mail_to = ["a@[", "doctor@example.org"]
        session.add_all(messages.trial(rule, "", frame))

    sent, failed = sending.send_due(
        filled.engine, Mailbox(mails.url, "site@example.org"), lambda: NOW
    )

    assert (sent, failed) == (1, 1)
