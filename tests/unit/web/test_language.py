"""Words, dates and figures in the reader's language."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, render_template_string

from server.web import language


@pytest.fixture
def app() -> Flask:
    made = Flask("language")
    language.set_up(made, "zh", ZoneInfo("Asia/Shanghai"))
    return made


def rendered(app: Flask, template: str, wanted: str, **values: object) -> str:
    with app.test_request_context(headers={"Accept-Language": wanted}):
        return render_template_string(template, **values)


@pytest.mark.parametrize(("wanted", "text"), [("zh", "登录"), ("en", "Sign in")])
def test_a_text_is_looked_up_by_its_english(app: Flask, wanted: str, text: str) -> None:
    assert rendered(app, "{{ _('Sign in') }}", wanted) == text


def test_a_text_without_a_translation_stays_english(app: Flask) -> None:
    assert rendered(app, "{{ _('Quite unknown %(x)s', x=1) }}", "zh") == "Quite unknown 1"


def test_what_fills_a_text_is_escaped_in_pages(app: Flask) -> None:
    shown = rendered(app, "{{ _('Welcome, %(name)s', name=name) }}", "en", name="<b>")

    assert shown == "Welcome, &lt;b&gt;"


@pytest.mark.parametrize(
    ("wanted", "n", "text"),
    [
        ("en", 1, "Wait 1 second,"),
        ("en", 1200, "Wait 1,200 seconds,"),
        ("zh", 1, "请等 1 秒"),
        ("zh", 1200, "请等 1,200 秒"),
    ],
)
def test_a_number_of_things_is_told_in_the_right_form(
    app: Flask, wanted: str, n: int, text: str
) -> None:
    with app.test_request_context(headers={"Accept-Language": wanted}):
        told = language.ngettext(
            "Too many attempts. Wait %(n)s second, then try again.",
            "Too many attempts. Wait %(n)s seconds, then try again.",
            n,
        )

    assert text in told


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("zh", "12,345 65% 7.5% 2026年11月22日 2026年11月22日 00:05 00:05"),
        ("en", "12,345 65% 7.5% 22 Nov 2026 22 Nov 2026, 00:05 00:05"),
    ],
)
def test_figures_and_times_are_written_as_usual_and_on_the_site_s_clock(
    app: Flask, wanted: str, shown: str
) -> None:
    template = (
        "{{ 12345 | number }} {{ 0.65 | percent }} {{ 0.075 | percent(1) }} {{ day | day }}"
        " {{ at | moment }} {{ at | clock }}"
    )
    at = datetime(2026, 11, 21, 16, 5, tzinfo=UTC)

    assert rendered(app, template, wanted, day=date(2026, 11, 22), at=at) == shown


def test_what_is_not_known_is_a_dash(app: Flask) -> None:
    template = "{{ none | number }}{{ none | percent }}{{ none | day }}{{ none | moment }}"

    assert rendered(app, template, "en") == "––––"


def test_outside_a_request_the_site_s_language_is_spoken(app: Flask) -> None:
    with app.app_context():
        assert language.gettext("Sign in") == "登录"


def test_the_cookie_counts_more_than_the_browser(app: Flask) -> None:
    headers = {"Accept-Language": "zh", "Cookie": "language=en"}

    with app.test_request_context(headers=headers):
        assert language.language() == "en"


def test_a_language_nobody_speaks_is_passed_over(app: Flask) -> None:
    with app.test_request_context(headers={"Cookie": "language=../../etc"}):
        language.choose("fr")
        assert language.language() == "zh"
