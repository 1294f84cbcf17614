"""Alerts: who is told of what, by mail, webhook or on Today; what went out, and once more."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.errors import NotValid
from server.survey import catalogue
from server.survey.accounts import Right
from server.survey.alerts import deliveries, looking, messages, rules, sending, turns
from server.survey.alerts.rules import NewRule, Rule
from server.survey.areas import full_code
from server.survey.first_run import PROJECT
from server.survey.quality.checks import CHECKS
from server.web import alert_words, door, language
from server.web.language import _

pages = Blueprint("alerts", __name__, url_prefix="/alerts")

KIND_WORDS = {
    "found": "A disease or clue is found",
    "flag": "A check notices something",
    "behind": "A village falls behind its plan",
    "silent": "A phone is silent",
}
STATE_WORDS = {"waiting": "waiting", "sent": "sent", "given_up": "given up"}
STATE_BADGES = {"waiting": "todo", "sent": "fine", "given_up": "watch"}
EVENTS_SHOWN = 20
_USUAL_HOUR, _USUAL_BEHIND, _USUAL_DAYS = 7, 20, 3


@pages.get("/")
@door.allow(Right.MANAGE_PHONES)
def show() -> str:
    """List the rules of the reader's areas."""
    session, who = door.session(), door.account()
    return render_template(
        "alerts.html",
        lines=rules.listed(session, PROJECT, who.scope),
        waiting=deliveries.waiting(session, PROJECT, who.scope),
        condition_words=alert_words.condition,
        way_words=alert_words.ways,
    )


@pages.get("/new")
@door.allow(Right.MANAGE_PHONES)
def new() -> str:
    """Ask for a new rule."""
    return _form_page(None, {}, _empty())


@pages.post("/new")
@door.allow(Right.MANAGE_PHONES)
def add() -> ResponseReturnValue:
    """Make a rule."""
    who, now = door.account(), datetime.now(UTC)
    with door.keeping_input() as fault:
        rule = rules.add(door.session(), PROJECT, _wish(None), who.scope, who.name, now)
    if fault:
        return _form_page(None, fault.errors, _typed()), 422
    door.journal("alert_added", f"alert {rule.id}", **_journal_detail(rule))
    flash(_("Done. It tells of what comes from now on."), "fine")
    return redirect(url_for("alerts.one", rule_id=rule.id), 303)


@pages.get("/<int:rule_id>")
@door.allow(Right.MANAGE_PHONES)
def one(rule_id: int) -> str:
    """Show a rule: what it noticed, what went out, and its form."""
    rule = rules.find(door.session(), rule_id, door.account().scope)
    return _form_page(rule, {}, _of(rule))


@pages.post("/<int:rule_id>")
@door.allow(Right.MANAGE_PHONES)
def change(rule_id: int) -> ResponseReturnValue:
    """Change a rule."""
    who = door.account()
    rule = rules.find(door.session(), rule_id, who.scope)
    with door.keeping_input() as fault:
        rules.change(door.session(), rule, _wish(rule), who.scope, datetime.now(UTC))
    if fault:
        return _form_page(rule, fault.errors, _typed()), 422
    door.journal("alert_changed", f"alert {rule.id}", **_journal_detail(rule))
    flash(_("Changed."), "fine")
    return redirect(url_for("alerts.one", rule_id=rule_id), 303)


@pages.post("/<int:rule_id>/stop")
@door.allow(Right.MANAGE_PHONES)
def stop(rule_id: int) -> ResponseReturnValue:
    """Stop a rule for good."""
    who = door.account()
    rule = rules.find(door.session(), rule_id, who.scope)
    rules.stop(door.session(), rule, who.name, datetime.now(UTC))
    door.journal("alert_stopped", f"alert {rule.id}")
    flash(_("Stopped. Nobody is told any more."), "fine")
    return redirect(url_for("alerts.show"), 303)


@pages.post("/<int:rule_id>/trial")
@door.allow(Right.MANAGE_PHONES)
def trial(rule_id: int) -> ResponseReturnValue:
    """Send a message to each address of a rule, to see whether they are reached."""
    session = door.session()
    rule = rules.find(session, rule_id, door.account().scope)
    names = rules.area_names(session, {rule.area_code})
    frame = turns.frame_of(door.site(), language.say)
    written = messages.trial(rule, names.get(rule.area_code, ""), frame)
    session.add_all(written)
    door.journal("alert_tried", f"alert {rule.id}", messages=len(written))
    flash(_("On its way within a minute. The log says whether it arrived."), "fine")
    return redirect(url_for("alerts.log", rule=rule_id), 303)


@pages.get("/messages")
@door.allow(Right.MANAGE_PHONES)
def log() -> str:
    """Show what went out, the newest first."""
    session, scope = door.session(), door.account().scope
    wanted = request.args.get("rule", type=int)
    rule = rules.find(session, wanted, scope) if wanted else None
    before = request.args.get("before", type=int)
    page = deliveries.page(session, PROJECT, scope, before=before, rule_id=wanted)
    return render_template(
        "alerts_messages.html",
        page=page,
        rule=rule,
        state_words=STATE_WORDS,
        state_badges=STATE_BADGES,
        target_words=_target_words,
    )


@pages.get("/messages/<int:message_id>")
@door.allow(Right.MANAGE_PHONES)
def message(message_id: int) -> str:
    """Show a message as it was frozen, and every attempt to deliver it."""
    session = door.session()
    line = deliveries.find(session, PROJECT, door.account().scope, message_id)
    return render_template(
        "alerts_message.html",
        line=line,
        attempts=deliveries.attempts(session, message_id),
        state_words=STATE_WORDS,
        state_badges=STATE_BADGES,
        target_words=_target_words,
    )


@pages.post("/messages/<int:message_id>/again")
@door.allow(Right.MANAGE_PHONES)
def repeat(message_id: int) -> ResponseReturnValue:
    """Send a message once more, the same to the byte."""
    session = door.session()
    line = deliveries.find(session, PROJECT, door.account().scope, message_id)
    copy = deliveries.repeat(session, line.message, datetime.now(UTC))
    door.journal("alert_repeated", f"alert {line.rule.id}", message=message_id)
    flash(_("On its way within a minute. The log says whether it arrived."), "fine")
    return redirect(url_for("alerts.message", message_id=copy.id), 303)


def _form_page(rule: Rule | None, errors: Mapping[str, str], typed: Mapping[str, Any]) -> str:
    session, site, who = door.session(), door.site(), door.account()
    may_post = who.may(Right.MANAGE_REGISTRY)
    recent = list(looking.events(session, rule.id, EVENTS_SHOWN)) if rule else []
    said = language.language()
    return render_template(
        "alerts_one.html",
        rule=rule,
        errors=errors,
        typed=typed,
        kinds=[(key, _(words)) for key, words in KIND_WORDS.items()],
        codes=[(code, catalogue.label(code, said)) for code in rules.offered_codes()],
        checks=[(name, _(check.title)) for name, check in CHECKS.items()],
        hours=[("", _("At once"))] + [(str(hour), f"{hour:02}:00") for hour in range(24)],
        languages=list(language.LANGUAGES.items()),
        areas=_areas(),
        may_post=may_post,
        secret=sending.shown_secret(rule.secret) if rule and rule.webhook_url and may_post else "",
        has_mail=turns.mailbox(site).is_set,
        events=[
            (event, messages.sentence(rule.kind, event.figures, said, language.say))
            for event in recent
        ]
        if rule
        else [],
        names=messages.village_names(session, [event.village_code for event in recent]),
    )


def _areas() -> list[tuple[str, str]]:
    """Return the areas to choose from: those of the account, as a start; any code may be typed."""
    who = door.account()
    names = rules.area_names(door.session(), set(who.scope.stems))
    return [
        (full_code(one) if one else "", names.get(one, one) if one else _("The whole site"))
        for one in who.scope.stems
    ]


def _wish(rule: Rule | None) -> NewRule:
    """Return the rule that the form asks for. Raises NotValid."""
    said = request.form
    kind = said.get("kind", "")
    conditions: dict[str, dict[str, Any]] = {
        "found": {"codes": sorted(set(said.getlist("codes")))},
        "flag": {"checks": sorted(set(said.getlist("checks")))},
        "behind": {"households": _number("households") if kind == "behind" else 0},
        "silent": {"days": _number("days") if kind == "silent" else 0},
    }
    # Only who keeps the register may have the server call on others.
    kept = rule.webhook_url if rule else ""
    may_post = door.account().may(Right.MANAGE_REGISTRY)
    return NewRule(
        name=said.get("name", ""),
        kind=kind,
        area_code=said.get("area_code", "").strip(),
        condition=conditions.get(kind, {}),
        mail_to=said.get("mail_to", "").replace(",", " ").replace(";", " ").split(),
        webhook_url=said.get("webhook_url", "") if may_post else kept,
        is_on_today=said.get("is_on_today") == "1",
        hour=_number("hour") if said.get("hour") else None,
        language=said["language"] if said.get("language") in language.LANGUAGES else "zh",
    )


def _number(name: str) -> int:
    text = request.form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise NotValid("Give a whole number.", name)
    return int(text)


def _empty() -> dict[str, Any]:
    stems = door.account().scope.stems
    return {
        "kind": "found",
        "area_code": full_code(stems[0]) if stems and stems[0] else "",
        "codes": rules.offered_codes(),
        "checks": [],
        "households": _USUAL_BEHIND,
        "days": _USUAL_DAYS,
        "is_on_today": True,
        "hour": str(_USUAL_HOUR),
        "language": language.language(),
    }


def _of(rule: Rule) -> dict[str, Any]:
    return {
        **_empty(),
        "name": rule.name,
        "kind": rule.kind,
        "area_code": full_code(rule.area_code) if rule.area_code else "",
        **rule.condition,
        "mail_to": "\n".join(rule.mail_to),
        "webhook_url": rule.webhook_url,
        "is_on_today": rule.is_on_today,
        "hour": "" if rule.hour is None else str(rule.hour),
        "language": rule.language,
    }


def _typed() -> dict[str, Any]:
    return {
        **request.form,
        "codes": request.form.getlist("codes"),
        "checks": request.form.getlist("checks"),
    }


def _journal_detail(rule: Rule) -> dict[str, Any]:
    ways = [name for name, is_used in _ways(rule) if is_used]
    return {"kind": rule.kind, "area": rule.area_code, "ways": ways, "to": rule.mail_to}


def _ways(rule: Rule) -> list[tuple[str, bool]]:
    return [
        ("mail", bool(rule.mail_to)),
        ("webhook", bool(rule.webhook_url)),
        ("today", rule.is_on_today),
    ]


def _target_words(channel: str, target: str) -> str:
    """Return an address as the log shows it: what follows an address's "?" may be a key."""
    return target.partition("?")[0] if channel == "webhook" else target
