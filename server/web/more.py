"""Where things are: the bar of four, the pages of lists and of the rest, and the first page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Flask, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from server.survey.accounts import SignedIn
from server.web import door

pages = Blueprint("more", __name__)


@dataclass(frozen=True)
class Place:
    """A page that a shelf leads to. Title and note are message ids."""

    endpoint: str
    title: str
    note: str
    # Pages that belong to it and lie elsewhere.
    also: Sequence[str] = ()


@dataclass(frozen=True)
class Shelf:
    """One of the four in the bar: a page of its own, or several places."""

    title: str
    icon: str
    endpoint: str
    places: Sequence[Place] = ()


@dataclass(frozen=True)
class ShownPlace:
    """A place as a template shows it."""

    title: str
    note: str
    path: str
    is_here: bool


@dataclass(frozen=True)
class ShownShelf:
    """A shelf as the bar shows it; `is_page` says that the reader is on the shelf's own page."""

    title: str
    icon: str
    path: str
    is_here: bool
    is_page: bool
    places: Sequence[ShownPlace]


# A new page gets one line here. Whom its own guard would let in is led there.
SHELVES = (
    Shelf("Today", "M4 20h16M6 16v-3M11 16V8M16 16v-6", "today.show"),
    Shelf(
        "Map",
        "M12 21s-6.5-5.6-6.5-11a6.5 6.5 0 0 1 13 0c0 5.4-6.5 11-6.5 11z"
        "M12 12.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8",
        "map_page.show",
    ),
    Shelf(
        "Lists",
        "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
        "more.lists",
        (
            Place(
                "coverage.villages",
                "Villages",
                "Households left, village by village",
                also=("people.households",),
            ),
            Place(
                "tasks.show",
                "To check",
                "Records, workers and villages that checks noticed",
            ),
            Place("workers.show", "Workers", "What checks say of each, and rounded ages"),
            Place(
                "screening.persons",
                "Persons found",
                "Suspected and documented",
                also=("people.persons",),
            ),
            Place("charts.show", "Pictures", "Drawn figures for reports, as files"),
            Place("screening.batches", "Treatment lists", "Numbered lists for the hospital"),
            Place("clinics.show", "Clinics", "Audits, scores and what is missing"),
            Place("duplicates.show", "Found twice", "The same ID number, phone or person twice"),
            Place("entities.show", "Entity lists", "What phones choose from, and what waits"),
            Place(
                "submissions.show", "Submissions", "What phones sent, and what looks wrong in it"
            ),
            Place("reviews.queue", "Sent back", "Records that wait for a correction"),
            Place(
                "back_checks.show", "Back-checks", "Asked again by somebody else, and what differs"
            ),
        ),
    ),
    Shelf(
        "More",
        "M6.5 12a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0zM13.5 12a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0z"
        "M20.5 12a1.5 1.5 0 1 1-3 0 1.5 1.5 0 0 1 3 0z",
        "more.show",
        (
            Place(
                "phones.show",
                "Phones",
                "Add a worker, show the QR code, block a lost phone",
                also=("phone_sheet.choose",),
            ),
            Place("assignments.show", "Villages and phones", "Who serves which village"),
            Place("rounds.show", "Plan", "Days of a round, and what is needed each working day"),
            Place("alerts.show", "Alerts", "Who is told of what, and what went out"),
            Place("base_maps.show", "Base maps", "Offline maps for phones and for the map here"),
            Place(
                "forms.show", "Forms", "What phones ask", also=("forms.new", "form_files.shared")
            ),
            Place(
                "entity_properties.show",
                "Registers and properties",
                "Import an office’s register into a list",
            ),
            Place(
                "encryption.keys",
                "Encryption keys",
                "Who can read encrypted answers",
                also=("encryption.new",),
            ),
            Place("registry.show", "Places and register", "Divisions, villages and clinics"),
            Place("moving.show", "Moving", "In from another server, out with everything"),
            Place(
                "check_settings.show",
                "Thresholds of the checks",
                "When a check speaks up, and what that would change",
            ),
            Place("catalogue.show", "Disease lists", "Which diseases count, by which list"),
            Place("accounts.show", "Accounts", "Who may see what, and where"),
            Place("journal.show", "Journal", "Who saw or took what"),
            Place("accounts.own", "My account", "Password and language"),
        ),
    ),
)


def _may(who: SignedIn, endpoint: str) -> bool:
    guard = door.guard_of(endpoint)
    return guard is not None and (not guard.rights or who.may(*guard.rights))


def _is_here(path: str) -> bool:
    """Say whether the reader is on the page at `path` or on one below it."""
    here = request.script_root + request.path
    return here == path or here.startswith(path.rstrip("/") + "/")


def _shown(place: Place) -> ShownPlace:
    path = url_for(place.endpoint)
    paths = [path, *map(url_for, place.also)]
    return ShownPlace(place.title, place.note, path, any(map(_is_here, paths)))


def _places(who: SignedIn, shelf: Shelf) -> list[ShownPlace]:
    return [_shown(one) for one in shelf.places if _may(who, one.endpoint)]


def shelves() -> list[ShownShelf]:
    """Return the bar for the one who asks: shelves that hold nothing for him are left out."""
    who = known()
    if who is None:
        return []
    shown = []
    for shelf in SHELVES:
        places = _places(who, shelf)
        is_empty = bool(shelf.places) and not places
        if is_empty or not _may(who, shelf.endpoint):
            continue
        path = url_for(shelf.endpoint)
        is_page = request.endpoint == shelf.endpoint
        is_here = _is_here(path) or any(one.is_here for one in places)
        shown.append(ShownShelf(shelf.title, shelf.icon, path, is_here, is_page, places))
    return shown


def known() -> SignedIn | None:
    """Return who asked, as far as the door found out: error pages do not ask the database."""
    who: SignedIn | None = g.get("account")
    return who


def home_path() -> str:
    """Return the first page: after sign-in, and behind the name in the header."""
    return url_for("more.home")


def in_language(code: str) -> str:
    """Return this page's address in another language; the first page's where this has none."""
    if request.url_rule is None or request.method not in door.SAFE_METHODS:
        return url_for("more.home", lang=code)
    return door.this_address(lang=code)


@pages.get("/")
@door.signed_in
def home() -> ResponseReturnValue:
    """Lead everybody to the first page that is for him; More is for all."""
    first = shelves()[0]
    return redirect(first.places[0].path if first.places else first.path)


@pages.get("/lists")
@door.signed_in
def lists() -> str:
    """Show the lists this account may open."""
    return _page("Lists")


@pages.get("/more")
@door.signed_in
def show() -> str:
    """Show everything else this account may open."""
    return _page("More")


def _page(title: str) -> str:
    shelf = next(one for one in SHELVES if one.title == title)
    return render_template("more.html", shelf=shelf, places=_places(door.account(), shelf))


def set_up(app: Flask) -> None:
    """Give the templates of `app` what the frame of every page needs."""
    app.jinja_env.globals.update(
        shelves=shelves, known=known, home_path=home_path, in_language=in_language
    )
