"""Clinics: how each stands in its latest audit; a missing audit is missing, not a failure."""

from __future__ import annotations

from collections import Counter

from flask import Blueprint, Response, render_template, request

from exports.files import csv, xlsx
from forms.audit import ITEMS, VILLAGE_CLINIC
from maps.clinics import ClinicClass, ClinicScore
from server.survey import clinics
from server.survey.accounts import Right
from server.survey.clinic_table import clinic_table
from server.survey.registry import reading as registry
from server.web import door, language
from server.web.downloads import whole_file
from server.web.language import _
from server.web.site_time import site_day

pages = Blueprint("clinics", __name__, url_prefix="/clinics")

CLASS_WORDS = {
    ClinicClass.VETO: ("watch", "Veto"),
    ClinicClass.FAILED: ("watch", "Fail"),
    ClinicClass.MISSING: ("todo", "No audit in 12 months"),
    ClinicClass.PASSED: ("fine", "Pass"),
    ClinicClass.EXCELLENT: ("fine", "Excellent"),
}
DIMENSION_WORDS = {
    "ownership": "Public ownership",
    "construction": "Construction",
    "service": "Service",
    "it": "Information technology",
    "management": "Management",
}
"""Message ids, in the order of the audit form."""
_ORDER = list(CLASS_WORDS)


@pages.get("/")
@door.allow(Right.SEE_CLINICS)
def show() -> str:
    """List the clinics of the reader's areas, those that need a visit first."""
    township = request.args.get("township") or None
    wanted = request.args.get("class") or None
    scope = door.account().scope
    every = clinics.scores(door.session(), scope, site_day(), township)
    counts = Counter(one.clinic_class for one in every)
    shown = [one for one in every if wanted is None or one.clinic_class == wanted]
    return render_template(
        "clinics.html",
        clinics=sorted(shown, key=_need),
        total=len(every),
        passed=counts[ClinicClass.PASSED] + counts[ClinicClass.EXCELLENT],
        counts=counts,
        wanted=wanted,
        township=township,
        townships=registry.townships(door.session(), scope),
        class_words=CLASS_WORDS,
        dimension_words=DIMENSION_WORDS,
    )


@pages.get("/<clinic_id>")
@door.allow(Right.SEE_CLINICS)
def one(clinic_id: str) -> str:
    """Show one clinic: points by dimension, vetoes, and all its audits."""
    who = door.account()
    found = clinics.clinic(door.session(), clinic_id, who.scope, site_day())
    return render_template(
        "clinic.html",
        clinic=found,
        audits=clinics.audits(door.session(), clinic_id),
        class_words=CLASS_WORDS,
        dimension_words=DIMENSION_WORDS,
        item_words=_item_words(),
        may_open=who.may(Right.SEE_SUBMISSIONS),
    )


@pages.get("/list.<any(csv, xlsx):kind>")
@door.allow(Right.SEE_CLINICS)
def download(kind: str) -> Response:
    """Send the list of clinics as a file."""
    scores = clinics.scores(door.session(), door.account().scope, site_day())
    door.journal("clinics_taken", kind, clinics=len(scores))
    table = clinic_table(scores, _("Clinics"), language.language())
    spoken = language.language()
    pieces = csv(table, spoken) if kind == "csv" else xlsx([table], spoken)
    return whole_file(pieces, kind, "clinics")


def _need(one: ClinicScore) -> tuple[int, float, str]:
    return _ORDER.index(one.clinic_class), one.score or 0, one.name


def _item_words() -> dict[str, dict[str, str]]:
    """Return the labels of audit items by code and language."""
    return {item.code: dict(item.labels) for item in ITEMS[VILLAGE_CLINIC]}
