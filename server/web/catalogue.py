"""The lists of diseases: what each holds, how much of it is known, which clues point at it."""

from __future__ import annotations

from flask import Blueprint, render_template

from server.survey import catalogue
from server.survey.accounts import Right
from server.web import door, language

pages = Blueprint("catalogue", __name__, url_prefix="/catalogues")

# Message ids. Who may see a name beside the disease.
SENSITIVITY_WORDS = {
    "health": "health",
    "mental": "mental health: restricted",
    "infectious": "infectious: restricted",
    "hiv": "HIV: never in ordinary lists",
}


@pages.get("/")
@door.allow(Right.MANAGE_REGISTRY, Right.SEE_PERSONS, Right.SEE_BATCHES)
def show() -> str:
    """List the catalogues with how many of their diseases are known."""
    return render_template(
        "catalogues.html",
        catalogues=catalogue.catalogues(door.site().settings.folder),
        language=language.language(),
    )


@pages.get("/<catalogue_id>")
@door.allow(Right.MANAGE_REGISTRY, Right.SEE_PERSONS, Right.SEE_BATCHES)
def one(catalogue_id: str) -> str:
    """Show one catalogue's diseases in their printed order, and the clues that point at them."""
    folder = door.site().settings.folder
    found = catalogue.catalogue(catalogue_id, folder)
    codes = {member.disease.code for member in found.members}
    clues = [one for one in catalogue.clues(folder) if codes.intersection(one.candidates)]
    return render_template(
        "catalogue.html",
        catalogue=found,
        clues=clues,
        labels={code: catalogue.label(code, language.language(), folder) for code in codes},
        codes=codes,
        language=language.language(),
        sensitivity_words=SENSITIVITY_WORDS,
    )
