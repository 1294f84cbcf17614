"""Alerts in words, and what they have to say on Today."""

from __future__ import annotations

from datetime import datetime

from flask import url_for

from server.survey import catalogue
from server.survey.accounts import Right
from server.survey.alerts import messages, rules
from server.survey.alerts.rules import Rule, TodayAlert
from server.survey.first_run import PROJECT
from server.survey.quality.checks import CHECKS
from server.web import door, language
from server.web.language import _


def on_today(now: datetime) -> list[tuple[TodayAlert, str, str]]:
    """Return what rules say in the reader's area: the alert, its condition, and where to look."""
    who = door.account()
    told = rules.on_today(
        door.session(), PROJECT, who.scope, now, may_see_workers=who.may(Right.MANAGE_PHONES)
    )
    root = url_for("more.home").rstrip("/")
    return [(one, condition(one), root + messages.place(one.kind, one.condition)) for one in told]


def ways(rule: Rule) -> str:
    """Return by which ways a rule tells, and when."""
    words = []
    if rule.is_on_today:
        words.append(_("on Today"))
    if rule.mail_to:
        words.append(_("by mail"))
    if rule.webhook_url:
        words.append(_("to another server"))
    when = _("at once") if rule.hour is None else _("daily at %(hour)s", hour=f"{rule.hour:02}:00")
    return " · ".join([*words, *([when] if rule.mail_to or rule.webhook_url else [])])


def condition(rule: Rule | TodayAlert) -> str:
    """Return what a rule waits for, in a few words."""
    asked = rule.condition
    if rule.kind == "found":
        labels = [catalogue.label(one, language.language()) for one in asked["codes"]]
        shown = _comma().join(labels[:3])
        return shown if len(labels) <= 3 else _("%(names)s and others", names=shown)
    if rule.kind == "flag":
        titles = [_(CHECKS[one].title) for one in asked["checks"] if one in CHECKS]
        shown = _comma().join(titles[:3])
        return shown if len(titles) <= 3 else _("%(names)s and others", names=shown)
    if rule.kind == "behind":
        return _("%(count)s households or more behind plan", count=asked["households"])
    return _("silent for %(days)s days or more", days=asked["days"])


def _comma() -> str:
    return "\u3001" if language.language() == "zh" else ", "
