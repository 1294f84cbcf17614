"""Speaks the reader's language: translated words, and dates and figures as they are written there.

Message ids are the English text. The Chinese lies in `server/locale/zh/*.po`, one file a topic,
read into memory once. `%(name)s` places are always filled by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import (
    format_date,
    format_datetime,
    format_time,
    format_timedelta,
    get_day_names,
)
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent
from flask import Flask, current_app, g, has_request_context, request

LOCALE_FOLDER = Path(__file__).parent.parent / "locale"
LANGUAGES = {"zh": "中文", "en": "English"}
"""What can be chosen, each in its own words. English needs no catalogue: its texts are the ids."""
COOKIE = "language"
COOKIE_SECONDS = 365 * 24 * 3600
# British English writes "22 Nov 2026", which no reader takes for another day.
_LOCALES = {"zh": Locale("zh", script="Hans"), "en": Locale("en", "GB")}


class Words:
    """One language's words: message id → text, for singular and plural."""

    def __init__(self, one: Mapping[str, str], many: Mapping[tuple[str, str], str]) -> None:
        self._one = one
        self._many = many

    def text(self, msgid: str) -> str:
        """Return the translation, or the English text where there is none."""
        return self._one.get(msgid, msgid)

    def plural(self, singular: str, plural: str, n: int) -> str:
        """Return the form for `n` things. Chinese has one form, English two."""
        return self._many.get((singular, plural)) or (singular if n == 1 else plural)


@cache
def words(language: str) -> Words:
    """Read and merge the language's files once. Empty translations count as missing."""
    one: dict[str, str] = {}
    many: dict[tuple[str, str], str] = {}
    for path in sorted((LOCALE_FOLDER / language).glob("*.po")):
        with path.open("rb") as opened:
            catalogue = read_po(opened, locale=language)
        for message in catalogue:
            if not message.id or message.fuzzy:
                continue
            if isinstance(message.id, (tuple, list)):
                forms = message.string if isinstance(message.string, (tuple, list)) else ("",)
                many[message.id[0], message.id[1]] = forms[0]
            elif isinstance(message.string, str) and message.string:
                one[message.id] = message.string
    return Words(one, {ids: text for ids, text in many.items() if text})


def say(msgid: str, chosen: str, /, **places: object) -> str:
    """Return a text in a language that is named: for letters, which nobody asks for."""
    text = words(chosen).text(msgid)
    return text % places if places else text


def language() -> str:
    """Return the reader's language: "zh" or "en".

    Own choice first (`g.language`, set by the door from the account), then the cookie, then what
    the browser asks for, then the site's. Outside a request it is the site's.
    """
    site_language: str = current_app.config["SITE_LANGUAGE"]
    if not has_request_context():
        return site_language
    if "language" not in g:
        wanted = request.cookies.get(COOKIE, "")
        if wanted not in LANGUAGES:
            wanted = request.accept_languages.best_match(LANGUAGES, site_language) or site_language
        g.language = wanted
    chosen: str = g.language
    return chosen


def choose(wanted: str | None) -> None:
    """Speak `wanted` for the rest of this request, if it is a language we have."""
    if wanted in LANGUAGES:
        g.language = wanted


def gettext(msgid: str, **places: object) -> str:
    """Translate a text and fill its places."""
    text = words(language()).text(msgid)
    return text % places if places else text


def ngettext(singular: str, plural: str, n: int, **places: object) -> str:
    """Translate a text for `n` things; `%(n)s` is filled with the figure as it is written here."""
    return words(language()).plural(singular, plural, n) % {"n": number(n), **places}


_ = gettext


def number(value: float | None, decimals: int = 0) -> str:
    """Write a figure with its thousands marked: 12,345; "–" when it is not known."""
    if value is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(value, pattern, locale=_LOCALES[language()])


def percent(share: float | None, decimals: int = 0) -> str:
    """Write a share (0–1) as a percentage: "65%"; "–" when it is not known."""
    if share is None:
        return "–"
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + "%"
    return format_percent(share, pattern, locale=_LOCALES[language()])


def day(value: date | None) -> str:
    """Write a calendar day: 2026年11月22日, 22 Nov 2026; "–" when it is not known."""
    return "–" if value is None else format_date(value, "medium", locale=_LOCALES[language()])


def short_day(value: date) -> str:
    """Write a day without its year, for the foot of a picture: 11月22日, 22 Nov."""
    pattern = {"zh": "M月d日", "en": "d MMM"}[language()]
    return format_date(value, pattern, locale=_LOCALES[language()])


def weekdays() -> list[str]:
    """Return the short names of the days of the week, Monday first: 周一, Mon."""
    names = get_day_names("abbreviated", locale=_LOCALES[language()])
    return [names[number] for number in range(7)]


def moment(value: datetime | None) -> str:
    """Write an instant in the site's time, to the minute; "–" when it is not known."""
    if value is None:
        return "–"
    pattern = {"zh": "y年M月d日 HH:mm", "en": "d MMM y, HH:mm"}[language()]
    zone = current_app.config["SITE_ZONE"]
    return format_datetime(value, pattern, tzinfo=zone, locale=_LOCALES[language()])


def clock(value: datetime) -> str:
    """Write the time of day of an instant, in the site's time: 14:05."""
    zone = current_app.config["SITE_ZONE"]
    return format_time(value, "HH:mm", tzinfo=zone, locale=_LOCALES[language()])


def span(seconds: float) -> str:
    """Write a length of time in its largest unit: 25 minutes, 3 hours; 3小时."""
    return format_timedelta(timedelta(seconds=seconds), locale=_LOCALES[language()])


class _TemplateWords:
    """What jinja2's i18n extension asks for. It fills the places itself (newstyle)."""

    def gettext(self, msgid: str) -> str:
        return words(language()).text(msgid)

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return words(language()).plural(singular, plural, n)


class _Now:
    """`<html lang>` and the switch, worked out when a template asks."""

    @property
    def code(self) -> str:
        return language()

    @cached_property
    def html(self) -> dict[str, str]:
        """Language tags for `lang` attributes, by code."""
        return {"zh": "zh-CN", "en": "en"}

    def others(self) -> list[tuple[str, str]]:
        """Languages to switch to: code and own name."""
        return [(code, name) for code, name in LANGUAGES.items() if code != language()]


def set_up(app: Flask, site_language: str, zone: Any) -> None:
    """Give the templates of `app` their words and filters."""
    app.config["SITE_LANGUAGE"] = site_language if site_language in LANGUAGES else "zh"
    app.config["SITE_ZONE"] = zone
    app.jinja_env.add_extension("jinja2.ext.i18n")
    spoken = _TemplateWords()
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        spoken.gettext, spoken.ngettext, newstyle=True
    )
    app.jinja_env.globals["spoken"] = _Now()
    app.jinja_env.filters.update(
        number=number, percent=percent, day=day, moment=moment, clock=clock, span=span
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    for one in LANGUAGES:
        words(one)
