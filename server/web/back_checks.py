"""Back-checks: who was asked again, what differs, and drawing a new sample after a look at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from secrets import randbelow

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exports import files
from server.errors import NotValid
from server.survey import phones
from server.survey.accounts import Right
from server.survey.back_checks import draws, entries, rates, table
from server.survey.back_checks.draws import DrawWish
from server.survey.first_run import PROJECT
from server.survey.registry import reading as registry
from server.web import back_check_words as words
from server.web import check_words, door, inputs, language, waiting
from server.web.downloads import whole_file
from server.web.language import _, ngettext
from server.web.site_time import site_day

pages = Blueprint("back_checks", __name__, url_prefix="/back-checks")

USUAL_DAYS, USUAL_SHARE, USUAL_LEAST = 14, 5, 2
SHOWN = 30


@pages.get("/")
@door.allow(Right.SEE_SUBMISSIONS)
def show() -> str:
    """Show how many were asked again, what differs by question and worker, and the draws."""
    return _page({}, {})


@pages.post("/")
@door.allow(Right.SEE_SUBMISSIONS)
def ask() -> ResponseReturnValue:
    """Keep what was asked for a day and lead to its preview."""
    with door.catching() as fault:
        wish = _wish()
        draws.plan(door.session(), PROJECT, wish, door.account().scope)
        kept = draws.to_json(wish).encode()
        sha256 = waiting.keep("draw.json", kept)
        return redirect(url_for("back_checks.preview", sha256=sha256), 303)
    return _page(fault.errors, request.form), 422


@pages.get("/preview/<sha256>")
@door.allow(Right.SEE_SUBMISSIONS)
def preview(sha256: str) -> str:
    """Show how many would be drawn of each worker or village, and who would ask them."""
    planned = draws.plan(door.session(), PROJECT, _kept(sha256), door.account().scope)
    least, _limit = rates.chosen_limits(door.session())
    return render_template("back_checks_preview.html", plan=planned, least=least)


@pages.post("/preview/<sha256>")
@door.allow(Right.SEE_SUBMISSIONS)
def do(sha256: str) -> ResponseReturnValue:
    """Draw what the preview showed; refused when interviews or phones changed since."""
    session, who = door.session(), door.account()
    planned = draws.plan(session, PROJECT, _kept(sha256), who.scope)
    if planned.fingerprint != request.form.get("fingerprint"):
        flash(_("Interviews or phones have changed since the preview. Look again."), "watch")
        return redirect(url_for("back_checks.preview", sha256=sha256), 303)
    draw_id = draws.apply(session, PROJECT, planned, who.name, datetime.now(UTC))
    count = len(planned.asked)
    door.journal("back_checks_drawn", f"draw {draw_id}", households=count, seed=planned.wish.seed)
    done = ngettext(
        "Done: %(n)s household goes to a second phone.",
        "Done: %(n)s households go to a second phone.",
        count,
    )
    flash(f"{done} {_('Phones get the list when they next update their forms.')}", "fine")
    return redirect(url_for("back_checks.draw", draw_id=draw_id), 303)


@pages.get("/<int:draw_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def draw(draw_id: int) -> str:
    """Show the households of one draw, in one state or all, a page at a time."""
    session, scope = door.session(), door.account().scope
    wanted = request.args.get("state", "")
    state = wanted if wanted in entries.STATES else ""
    after = request.args.get("after", default=0, type=int)
    lines = entries.of_draw(session, draw_id, scope, state, after)
    more = len(lines) == entries.PAGE
    return render_template(
        "back_checks_draw.html",
        draw=entries.draw(session, draw_id, scope),
        lines=lines,
        state=state,
        first=door.this_address(after=None) if after else None,
        further=door.this_address(after=str(lines[-1].id)) if more else None,
        state_words=words.STATE_WORDS,
        outcome_words=words.OUTCOME_WORDS,
        differing_words=words.differing_words,
        now=datetime.now(UTC),
    )


@pages.get("/workers/<int:phone_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def of_worker(phone_id: int) -> str:
    """Show the households of one worker that somebody else asked again, a page at a time."""
    session, scope = door.session(), door.account().scope
    worker = phones.find(session, phone_id, scope)
    after = request.args.get("after", default=0, type=int)
    lines = entries.of_worker(session, phone_id, scope, after)
    more = len(lines) == entries.PAGE
    return render_template(
        "back_checks_worker.html",
        worker=worker.name,
        lines=lines,
        rates=[
            one for one in rates.of_workers(session, PROJECT, scope) if one.phone_id == phone_id
        ],
        first=door.this_address(after=None) if after else None,
        further=door.this_address(after=str(lines[-1].id)) if more else None,
        question_words=words.QUESTION_WORDS,
        type_words=words.TYPE_WORDS,
        verdict_words=check_words.VERDICT_WORDS,
        rate_words=words.rate_words,
        agreement_words=words.agreement_words,
        differing_words=words.differing_words,
        now=datetime.now(UTC),
    )


@pages.get("/entries/<int:entry_id>")
@door.allow(Right.SEE_SUBMISSIONS)
def one(entry_id: int) -> str:
    """Show both answers of one household side by side."""
    return _entry_page(entry_id, {})


@pages.post("/entries/<int:entry_id>/give")
@door.allow(Right.MANAGE_PHONES)
def give(entry_id: int) -> ResponseReturnValue:
    """Give a household that waits to another phone."""
    with door.catching() as fault:
        phone_id = request.form.get("phone", type=int) or 0
        name = entries.give(door.session(), entry_id, phone_id, door.account().scope)
        door.journal("back_check_given", f"household {entry_id}", phone=name)
        flash(_("It goes to the phone of %(phone)s.", phone=name), "fine")
        return redirect(url_for("back_checks.one", entry_id=entry_id), 303)
    return _entry_page(entry_id, fault.errors), 422


@pages.post("/entries/<int:entry_id>/withdraw")
@door.allow(Right.MANAGE_PHONES)
def withdraw(entry_id: int) -> ResponseReturnValue:
    """Take a household back from the phone it waits on."""
    who = door.account()
    with door.keeping_input() as fault:
        entries.withdraw(door.session(), entry_id, who.scope, who.name, datetime.now(UTC))
        door.journal("back_check_withdrawn", f"household {entry_id}")
    said = _("Taken back: it leaves the phone when its forms are next updated.")
    for told in fault.errors.values() or ([] if fault else [said]):
        flash(told, "watch" if fault else "fine")
    return redirect(url_for("back_checks.one", entry_id=entry_id), 303)


@pages.get("/answers.<any(csv, xlsx):kind>")
@door.allow(Right.SEE_SUBMISSIONS)
def download(kind: str) -> Response:
    """Send all answers that were given twice, without names of people."""
    session, scope = door.session(), door.account().scope
    asked = entries.states(session, PROJECT, scope).get(entries.MET, 0)
    door.journal("back_checks_taken", kind, households=asked)
    title = _("Back-checks")
    told = table.answers_table(
        session,
        PROJECT,
        scope,
        title,
        [
            _("Type 1 must agree, type 2 should, type 3 may differ."),
            language.moment(datetime.now(UTC)),
        ],
    )
    spoken = language.language()
    pieces = files.csv(told, spoken) if kind == "csv" else files.xlsx([told], spoken)
    return whole_file(pieces, kind, "back-checks", title)


def _entry_page(entry_id: int, errors: Mapping[str, str]) -> str:
    session, who = door.session(), door.account()
    line = entries.one(session, entry_id, who.scope)
    offered = [
        (str(one.id), one.name)
        for one in phones.phone_list(session, PROJECT, who.scope)
        if one.revoked_at is None and one.id != line.first_phone_id
    ]
    return render_template(
        "back_checks_one.html",
        line=line,
        offered=offered,
        errors=errors,
        may_give=who.may(Right.MANAGE_PHONES) and line.state == entries.WAITING,
        may_see_household=who.may(Right.SEE_PERSONS),
        question_words=words.QUESTION_WORDS,
        type_words=words.TYPE_WORDS,
        state_words=words.STATE_WORDS,
        outcome_words=words.OUTCOME_WORDS,
        answer_words=words.answer_words,
        differing_words=words.differing_words,
    )


def _page(errors: Mapping[str, str], typed: Mapping[str, str]) -> str:
    session, who = door.session(), door.account()
    several = rates.of_workers(session, PROJECT, who.scope)
    told = [one for one in several if one.verdict in ("flag", "watch")]
    in_use = [
        (str(one.id), one.name)
        for one in phones.phone_list(session, PROJECT, who.scope)
        if one.revoked_at is None
    ]
    least, limit = rates.chosen_limits(session)
    return render_template(
        "back_checks.html",
        states=entries.states(session, PROJECT, who.scope),
        draws=entries.draws(session, PROJECT, who.scope, SHOWN),
        questions=rates.by_question(several),
        workers=told,
        others=[one for one in several if one not in told][: 3 * SHOWN],
        least=int(least),
        limit=limit,
        errors=errors,
        typed=typed or _proposed(),
        in_use=[("", _("other phones near by, in turn")), *in_use],
        townships=[
            ("", _("All my villages")),
            *((one.code, one.name) for one in registry.townships(session, who.scope)),
        ],
        strata=[(key, _(told)) for key, told in words.STRATUM_WORDS.items()],
        stratum_words=words.STRATUM_WORDS,
        question_words=words.QUESTION_WORDS,
        type_words=words.TYPE_WORDS,
        verdict_words=check_words.VERDICT_WORDS,
        rate_words=words.rate_words,
        now=datetime.now(UTC),
    )


def _proposed() -> dict[str, str]:
    """Return what the empty form holds: the last two weeks, and a number by chance."""
    today = site_day()
    return {
        "starts_on": (today - timedelta(days=USUAL_DAYS)).isoformat(),
        "ends_on": today.isoformat(),
        "stratum": "worker",
        "share": str(USUAL_SHARE),
        "least": str(USUAL_LEAST),
        "seed": str(randbelow(1_000_000)),
    }


def _wish() -> DrawWish:
    """Return what the form asks for. Raises NotValid."""
    said = request.form
    first, last = inputs.day("starts_on"), inputs.day("ends_on")
    percent = _number("share", "Take a share between 1 and %(most)s percent.", most=50)
    return DrawWish(
        area=said.get("area", ""),
        starts_on=first,
        ends_on=last,
        stratum=said.get("stratum", ""),
        share=percent / 100,
        least=_number("least", "Give a number of households, 0 or more."),
        seed=_number("seed", "The number of the draw has at most 9 digits."),
        phone_id=said.get("phone", type=int),
    )


def _number(name: str, refusal: str, **places: object) -> int:
    text = request.form.get(name, "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise NotValid(refusal, name, **places)
    return int(text)


def _kept(sha256: str) -> DrawWish:
    return waiting.wish(sha256, draws.from_json)
