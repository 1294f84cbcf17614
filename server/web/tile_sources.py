"""Servers of map tiles: which ones the site's maps may draw on, in which frame."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from maps.boundaries import FRAMES
from server.errors import NotAllowed
from server.survey import tile_sources
from server.survey.accounts import Right
from server.survey.tile_sources import Wish
from server.web import door
from server.web.language import _
from server.web.registry_words import CRS_WORDS

pages = Blueprint("tile_sources", __name__, url_prefix="/tile-sources")

NOTHING = Wish("", "", "", "")


@pages.get("/")
@door.allow(Right.MANAGE_REGISTRY)
def show() -> str:
    """List the sources, and ask for another."""
    return _page(NOTHING, {})


@pages.post("/")
@door.allow(Right.MANAGE_REGISTRY)
def add() -> ResponseReturnValue:
    """Add a source. Every reader's browser asks it, so the whole site has to decide."""
    _hold_to_whole_site()
    told = request.form
    wish = Wish(
        name=told.get("name", ""),
        url=told.get("url", ""),
        credit=told.get("credit", ""),
        crs=told.get("crs", ""),
        smallest_zoom=told.get("smallest_zoom", "0"),
        largest_zoom=told.get("largest_zoom", "18"),
    )
    number = 0
    with door.keeping_input() as fault:
        who = door.account().name
        number = tile_sources.add(door.session(), wish, who, datetime.now(UTC))
    if fault:
        return _page(wish, fault.errors), 422
    door.journal("tile_source_added", f"tiles {number}", name=wish.name, url=wish.url, crs=wish.crs)
    flash(_("%(name)s can be chosen on the map as a background.", name=wish.name), "fine")
    return redirect(url_for("tile_sources.show"), 303)


@pages.post("/<int:source_id>/remove")
@door.allow(Right.MANAGE_REGISTRY)
def remove(source_id: int) -> ResponseReturnValue:
    """Take a source out of use."""
    _hold_to_whole_site()
    name = tile_sources.remove(door.session(), source_id, datetime.now(UTC))
    door.journal("tile_source_removed", f"tiles {source_id}", name=name)
    flash(_("%(name)s is no longer offered.", name=name), "fine")
    return redirect(url_for("tile_sources.show"), 303)


def _page(wish: Wish, errors: dict[str, str]) -> str:
    settings = door.site().settings
    return render_template(
        "tile_sources.html",
        sources=tile_sources.listed(door.reading()),
        of_settings=settings.tiles_url,
        frame_of_settings=_(CRS_WORDS.get(settings.tiles_crs, settings.tiles_crs)),
        may_change="" in door.account().scope.stems,
        wish=wish,
        errors=errors,
        frames=[("", _("Choose")), *((crs, _(CRS_WORDS[crs])) for crs in FRAMES)],
        frame_words={crs: _(CRS_WORDS[crs]) for crs in FRAMES},
    )


def _hold_to_whole_site() -> None:
    if "" not in door.account().scope.stems:
        raise NotAllowed("Only an account for the whole site can change this.")
