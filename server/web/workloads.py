"""Who has how much left to do, and moving villages between workers: by lists, or by dragging."""

from __future__ import annotations

import json

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps import layers
from server.survey import assignments, workloads
from server.survey.accounts import Right
from server.survey.assignments import MOVE, Wish
from server.survey.first_run import PROJECT
from server.survey.registry import reading as registry
from server.survey.workloads import Workload
from server.web import door, waiting
from server.web.language import _
from server.web.site_time import site_day, site_now

pages = Blueprint("workloads", __name__, url_prefix="/plan/workers")

# More villages than a page with a choice beside each can hold: then township by township.
MOST_AT_ONCE = 80


@pages.get("/")
@door.allow(Right.MANAGE_PHONES)
def show() -> str:
    """Show each worker's villages and households left; with `even`, a proposal to move a few."""
    return _page({})


@pages.post("/")
@door.allow(Right.MANAGE_PHONES)
def ask() -> ResponseReturnValue:
    """Keep the moves that were chosen for a day and lead to their preview."""
    session, scope = door.session(), door.account().scope
    load = _load(_township())
    pairs = tuple(
        (int(wanted), one.code)
        for one in load.villages
        if (wanted := request.form.get(f"to-{one.code}", "")).isdecimal()
        and len(wanted) < 10
        and (int(wanted),) != one.phones
    )
    if not pairs:
        flash(_("Nothing was chosen to be moved."), "watch")
        return redirect(url_for("workloads.show", township=request.form.get("township")), 303)
    with door.catching() as fault:
        spared = tuple(one.id for one in load.escorts)
        assignments.plan(session, PROJECT, Wish(MOVE, pairs, spared=spared), scope)
        # As the page of villages and phones keeps its own: it shows and does what is asked here.
        told: dict[str, object] = {
            "way": MOVE,
            "pairs": pairs,
            "source": None,
            "spared": spared,
            "notes": {},
        }
        sha256 = waiting.keep("assignment.json", json.dumps(told).encode())
        return redirect(url_for("assignments.preview", sha256=sha256), 303)
    return _page(fault.errors), 422


def _page(errors: dict[str, str]) -> str:
    scope = door.account().scope
    township = _township()
    load = _load(township)
    townships = registry.townships(door.session(), scope)
    moves = load.proposal if request.args.get("even") else {}
    return render_template(
        "workloads.html",
        load=load,
        moves=moves,
        # Moved already, so that the page shows what would be.
        chosen={one.code: _chosen(one.phones, moves.get(one.code)) for one in load.villages},
        names={one.phone_id: one.name for one in load.workers},
        offered=[(str(one.phone_id), one.name) for one in load.workers if one.is_ours],
        township=township,
        townships=[(one.code, one.name) for one in townships],
        is_split=len(townships) > 1,
        short_name=layers.short_name,
        errors=errors,
        now=site_now(),
    )


def _chosen(phones: tuple[int, ...], move: int | None) -> str:
    if move is not None:
        return str(move)
    return str(phones[0]) if len(phones) == 1 else ""


def _load(township: str) -> Workload:
    session, scope = door.session(), door.account().scope
    return workloads.workload(session, PROJECT, scope, site_day(), township)


def _township() -> str:
    """Return the township that is asked for; else the first one where all are too many."""
    session, scope = door.session(), door.account().scope
    known = [one.code for one in registry.townships(session, scope)]
    wanted = request.values.get("township", "")
    if wanted in known:
        return wanted
    is_small = len(registry.villages(session, scope)) <= MOST_AT_ONCE
    return "" if is_small or not known else known[0]
