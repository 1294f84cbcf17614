"""What the pages of forms share: words for states and origins, the way back, kept uploads."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale, UnknownLocaleError
from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from forms.faults import Fault
from server.survey import replay
from server.web import door, waiting
from server.web.language import _, ngettext

ACCEPTED = ".xlsx,.xls,.csv,.md,.zip,.xml"
STATE_WORDS = {
    "open": "open to phones",
    "closing": "no longer given out",
    "closed": "takes no answers",
}
STATE_BADGES = {"open": "fine", "closing": "todo", "closed": "off"}
STATE_HINT_WORDS = {
    "open": "Phones are given the form and their answers are taken.",
    "closing": "Phones that have it may still send, no phone is given it any more. Use this first.",
    "closed": "Answers are refused: the phone keeps them and shows why.",
}
ORIGIN_WORDS = {
    "site": "made by the site for each phone",
    "uploaded": "uploaded",
    "published": "from the published form",
    "shared": "shared by all forms",
    "missing": "missing",
}
ORIGIN_BADGES = {
    "site": "off",
    "uploaded": "fine",
    "published": "fine",
    "shared": "fine",
    "missing": "watch",
}
STATES = {"state_words": STATE_WORDS, "state_badges": STATE_BADGES}
ORIGINS = {"origin_words": ORIGIN_WORDS, "origin_badges": ORIGIN_BADGES}


def language_name(code: str) -> str:
    """Return a language's own name: "中文" for zh; what the form calls it where nobody knows."""
    try:
        return Locale.parse(code, sep="-").get_display_name() or code
    except (ValueError, UnknownLocaleError):
        return code


def uploaded(sha256: str) -> tuple[str, bytes]:
    """Return name and bytes of a form that waits to be published. Raises Missing."""
    return request.args.get("name", "form"), waiting.content(sha256)


def sent_file(name: str) -> tuple[str, bytes] | None:
    """Return name and bytes of a file field of this request, None when none was chosen."""
    sent = request.files.get(name)
    return (sent.filename, sent.read()) if sent and sent.filename else None


def back_to(form_id: str, waiting: int = 0) -> ResponseReturnValue:
    """Go to a form's page; what waits is read anew once this request is committed."""
    answer = redirect(url_for("forms.one", form_id=form_id), 303)
    if waiting:
        words = ngettext(
            "%(n)s submission is being read anew.",
            "%(n)s submissions are being read anew.",
            waiting,
        )
        flash(words, "fine")
        site = door.site()
        # At the end of the answer all is committed; before, the thread would find nothing to do.
        answer.call_on_close(lambda: replay.catch_up_beside(site))
    return answer


def tell_doubts(doubts: Sequence[Fault]) -> None:
    """Tell what phones may read otherwise than meant in a file that was taken."""
    for doubt in doubts:
        flash(_(doubt.msgid, **doubt.params), "watch")
