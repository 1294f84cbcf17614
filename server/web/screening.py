"""Who is due for treatment, and the numbered lists that go to a hospital."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exports import files
from exports.masking import mask_id_number, mask_name, mask_phone
from maps import layers
from server.errors import NotValid
from server.survey import batches as books
from server.survey import catalogue, extracts, places, screening
from server.survey.accounts import Right
from server.survey.areas import stem
from server.survey.batches import BatchView, Entry, Recipe
from server.survey.extracts import Taking
from server.survey.registry import reading as registry
from server.survey.screening import Candidate, Filters
from server.web import door, language, schemas
from server.web.downloads import whole_file
from server.web.language import _

pages = Blueprint("screening", __name__)

PROJECT = 1
SHOWN = 100
SHORTEST_REASON = 4
STATE_WORDS = {"suspected": ("watch", "Suspected"), "documented": ("todo", "Documented")}
CHANGE_WORDS = {
    "new": ("todo", "New"),
    "changed": ("watch", "Changed"),
    "kept": ("fine", "Same as before"),
    "removed": ("off", "Removed"),
}
REASON_WORDS = {
    "died": "died",
    "moved": "moved away",
    "no_longer_found": "no longer meets the conditions",
    "merged": "merged with another person",
}


@dataclass(frozen=True, slots=True)
class ShownPerson:
    """One person of a list as a page shows it: masked, diseases by name."""

    id: str
    name: str
    born: str
    sex: str
    place: str
    household_number: str
    id_number: str
    phone: str
    diseases: tuple[tuple[str, str, str], ...]
    found_on: str
    change: str = ""
    reason: str = ""


@pages.get("/screening")
@door.allow(Right.MAKE_BATCH, Right.SEE_PERSONS)
def persons() -> str:
    """Show who is due with the chosen filters; from here the office makes a batch."""
    filters = _filters(schemas.load(schemas.BatchFilters(), request.args))
    return _candidates_page(filters, {}, request.args.to_dict())


@pages.post("/screening")
@door.allow(Right.MAKE_BATCH)
def make() -> ResponseReturnValue:
    """Make the next batch of who is due now."""
    who = door.account()
    filters = _filters(schemas.load(schemas.BatchFilters(), request.form))
    with door.keeping_input() as fault:
        told = schemas.load(schemas.BatchInput(), request.form)
        recipe = Recipe(
            told["title"], told["hospital"], told["starts_on"], told["ends_on"], filters
        )
        number = books.make(door.session(), who.scope, recipe, PROJECT, who.name, datetime.now(UTC))
    if fault:
        return _candidates_page(filters, fault.errors, request.form.to_dict()), 422
    made = books.batch(door.session(), number, who.scope)
    door.journal("batch_made", f"batch {number}", persons=made.persons, hospital=made.hospital)
    flash(_("Batch %(number)s is made: %(count)s persons.", number=number, count=made.persons))
    return redirect(url_for("screening.batch", number=number), 303)


@pages.get("/batches")
@door.allow(Right.SEE_BATCHES, Right.MAKE_BATCH)
def batches() -> str:
    """List the batches of the reader's areas, the newest first."""
    listed = books.batches(door.session(), door.account().scope)
    return render_template("batches.html", batches=listed, catalogue_words=_catalogue_words)


@pages.get("/batches/<int:number>")
@door.allow(Right.SEE_BATCHES, Right.MAKE_BATCH)
def batch(number: int) -> str:
    """Show one batch: what is new, changed and removed against the last, and its persons."""
    who = door.account()
    found = books.batch(door.session(), number, who.scope)
    change = request.args.get("change") if request.args.get("change") in CHANGE_WORDS else None
    # No list is longer; a larger number could not be counted to.
    first = min(max(request.args.get("from", 1, int), 1), 10**9)
    lines = books.entries(door.session(), number, who.scope, change)
    shown = list(islice(lines, first - 1, first + SHOWN))
    door.journal("batch_seen", f"batch {number}", masked=True)
    return render_template(
        "batch.html",
        batch=found,
        persons=[_shown_entry(line) for line in shown[:SHOWN]],
        change=change,
        earlier=max(first - SHOWN, 1) if first > 1 else None,
        later=first + SHOWN if len(shown) > SHOWN else None,
        filters=_filter_words(found.filters),
        change_words=CHANGE_WORDS,
        reason_words=REASON_WORDS,
        state_words=STATE_WORDS,
        may_reveal=who.may(Right.REVEAL_PERSONS),
        catalogue_words=_catalogue_words,
        errors={},
    )


@pages.get("/batches/<int:number>/<any(xlsx, csv):kind>")
@door.allow(Right.SEE_BATCHES, Right.MAKE_BATCH)
def download(number: int, kind: str) -> Response:
    """Send a batch, masked."""
    return _file(number, kind, "")


@pages.post("/batches/<int:number>/<any(xlsx, csv):kind>")
@door.allow(Right.REVEAL_PERSONS)
def download_full(number: int, kind: str) -> Response:
    """Send a batch with full names and numbers, for a reason that the journal keeps."""
    reason = request.form.get("reason", "").strip()
    if len(reason) < SHORTEST_REASON:
        raise NotValid("Say in a few words why full names are needed.", field="reason")
    return _file(number, kind, reason)


def _file(number: int, kind: str, reason: str) -> Response:
    who, session = door.account(), door.reading()
    found = books.batch(session, number, who.scope)
    door.journal_at_once(
        "batch_taken", f"batch {number}", persons=found.persons, kind=kind,
        masked=not reason, reason=reason,
    )  # fmt: skip
    tables = extracts.batch_tables(
        found,
        books.entries(session, number, who.scope),
        _filter_words(found.filters),
        Taking(who.name, datetime.now(UTC), reason),
        language.language(),
        door.site().settings.zone,
    )
    spoken = language.language()
    if kind == "csv":
        pieces = files.csv(tables[0], spoken, whole_digits=True)
    else:
        pieces = files.xlsx(tables, spoken)
    name = _("Batch %(number)s", number=number) + f" {found.title}"
    return whole_file(pieces, kind, f"batch-{number}", name)


def _filters(told: dict[str, Any]) -> Filters:
    return Filters(
        catalogue=told["catalogue"],
        area=stem(told["area"]) or _own_area(),
        diseases=tuple(told["disease"]),
        states=tuple(told["state"]),
        found_from=told["found_from"],
        found_to=told["found_to"],
    )


def _own_area() -> str:
    """Return the area of an account that has just one, so that its batches are its own."""
    stems = door.account().scope.stems
    return stems[0] if len(stems) == 1 else ""


def _candidates_page(filters: Filters, errors: dict[str, str], told: dict[str, str]) -> str:
    who, session = door.account(), door.reading()
    may_see_sensitive = who.may(Right.SEE_SENSITIVE)
    due = list(
        screening.candidates(session, who.scope, filters, may_see_sensitive=may_see_sensitive)
    )
    every = Filters(catalogue=filters.catalogue)
    codes = screening.listed_codes(session, every, may_see_sensitive=may_see_sensitive)
    areas = [(stem(one.code), one.name) for one in registry.townships(session, who.scope)]
    return render_template(
        "screening.html",
        count=len(due),
        persons=[_shown(person) for person in due[:SHOWN]],
        shown=SHOWN,
        filters=filters,
        told=told,
        errors=errors,
        areas=areas,
        diseases=[(code, catalogue.label(code, language.language())) for code in codes],
        catalogues=[
            (one.id, one.title(language.language()))
            for one in catalogue.catalogues()
            if one.members
        ],
        state_words=STATE_WORDS,
        may_make=who.may(Right.MAKE_BATCH),
    )


def _shown(person: Candidate) -> ShownPerson:
    spoken = language.language()
    born = person.birth_date.year if person.birth_date else person.birth_year
    return ShownPerson(
        id=person.id,
        name=mask_name(person.name),
        born=str(born or ""),
        sex=person.sex,
        place=f"{person.township} {layers.short_name(person.village)}",
        household_number=person.household_number,
        id_number=mask_id_number(person.id_number),
        phone=mask_phone(person.phone),
        diseases=tuple(
            (catalogue.label(found.code, spoken), *STATE_WORDS[found.state])
            for found in person.diseases
        ),
        found_on=language.day(min(found.found_on for found in person.diseases)),
    )


def _shown_entry(line: Entry) -> ShownPerson:
    shown = _shown(line.person)
    values = {name: getattr(shown, name) for name in ShownPerson.__slots__}
    return ShownPerson(**{**values, "change": line.change, "reason": line.reason})


def _catalogue_words(found: BatchView) -> str:
    return catalogue.catalogue(found.filters.catalogue).title(language.language())


def _filter_words(filters: Filters) -> tuple[tuple[str, str], ...]:
    return tuple(_filter_pairs(filters))


def _filter_pairs(filters: Filters) -> Iterator[tuple[str, str]]:
    spoken = language.language()
    yield _("Area"), _area_words(filters.area)
    if filters.diseases:
        names = (catalogue.label(code, spoken) for code in filters.diseases)
        yield _("Diseases"), _(", ").join(names)
    if filters.states:
        yield _("State"), _(", ").join(_(STATE_WORDS[state][1]) for state in filters.states)
    if filters.found_from:
        yield _("Found from"), language.day(filters.found_from)
    if filters.found_to:
        yield _("Found until"), language.day(filters.found_to)


def _area_words(area: str) -> str:
    return places.place_name(door.reading(), area) if area else _("the whole site")
