"""Base maps: bring one, hand it to phones by a QR code, show it below the site's own map."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadSignature, URLSafeTimedSerializer

from maps import map_files
from maps.tiles import TileMap
from server.errors import NotAllowed, NotValid
from server.survey import base_maps
from server.survey.accounts import Right
from server.survey.areas import WHOLE_SITE
from server.survey.base_maps import BaseMapLine
from server.survey.files import KeptFile
from server.web import base_map_files, door, phone_codes
from server.web.language import _

pages = Blueprint("base_maps", __name__)

LINK_DAYS = 7
_KINDS = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
# A tile never changes: another file has another address.
_TILE_AGE_S = 7 * 24 * 3600


@pages.get("/basemaps/")
@door.allow(Right.MANAGE_PHONES, Right.MANAGE_REGISTRY)
def show() -> str:
    """List the base maps of the reader's areas."""
    who = door.account()
    return render_template(
        "base_maps.html",
        maps=base_maps.listed(door.session(), who.scope),
        may_add=who.may(Right.MANAGE_REGISTRY),
    )


@pages.get("/basemaps/new")
@door.allow(Right.MANAGE_REGISTRY)
def new() -> str:
    """Ask for the file and its area."""
    return _new_page({})


@pages.post("/basemaps/new")
@door.allow(Right.MANAGE_REGISTRY, body_limit_bytes=None)
def add() -> ResponseReturnValue:
    """Keep a map that was sent, once it has been looked at."""
    who, site = door.account(), door.site()
    try:
        base_maps.known_area(door.reading(), request.form.get("area", ""), who.scope)
        kept, told = _kept()
    except NotValid as problem:
        return _new_page({problem.field: _(problem.msgid, **problem.params)}), 422
    with door.keeping_input() as fault:
        area, name = request.form.get("area", ""), request.form.get("name", "")
        map_id = base_maps.add(door.session(), kept, told, area, name, who.name, who.scope)
    if fault:
        return _new_page(fault.errors), 422
    base_maps.clear_unused(door.session(), site.settings.folder)
    door.journal("base_map_added", kept.name, area=area, bytes=kept.size)
    if base_maps.find(door.session(), map_id, who.scope).is_for_phones:
        flash(_("The map is there. Let the phones take it by the code below."), "fine")
    else:
        flash(_("The map is there. The map page offers it as background."), "fine")
    return redirect(url_for("base_maps.one", map_id=map_id), 303)


@pages.get("/basemaps/<int:map_id>")
@door.allow(Right.MANAGE_PHONES, Right.MANAGE_REGISTRY)
def one(map_id: int) -> str:
    """Show one map, with a code that any phone of the area may take it by."""
    who = door.account()
    found = base_maps.find(door.session(), map_id, who.scope)
    signed = _signer().dumps(found.id)
    address = f"{phone_codes.site_url()}/basemaps/for-phones/{signed}"
    return render_template(
        "base_map.html",
        map=found,
        address=address,
        picture=phone_codes.picture_of(address),
        days=LINK_DAYS,
        can_change=who.may(Right.MANAGE_REGISTRY) and who.scope.covers(found.area_code),
    )


@pages.post("/basemaps/<int:map_id>/remove")
@door.allow(Right.MANAGE_REGISTRY)
def remove(map_id: int) -> ResponseReturnValue:
    """Take a map out of use. Phones that have it keep it."""
    session, who = door.session(), door.account()
    found = base_maps.find(session, map_id, who.scope)
    base_maps.remove(session, map_id, who.scope)
    base_maps.clear_unused(session, door.site().settings.folder)
    door.journal("base_map_removed", found.file_name, area=found.area_code)
    flash(_("%(name)s is removed. Phones that have it keep it.", name=found.name), "fine")
    return redirect(url_for("base_maps.show"), 303)


def _by_link() -> None:
    """Let in whoever has a code that a page showed within LINK_DAYS; a map names nobody."""
    signed = (request.view_args or {}).get("signed", "")
    try:
        g.base_map_id = _signer().loads(signed, max_age=LINK_DAYS * 24 * 3600)
    except BadSignature:
        raise NotAllowed("This code has ended. Let the office show you a new one.") from None


@pages.get("/basemaps/for-phones/<signed>")
@door.guarded_by(_by_link)
def offer(signed: str) -> str:
    """Show a phone the steps to get the map into Collect."""
    found = base_maps.find(door.reading(), g.base_map_id, WHOLE_SITE)
    offered = [found] if found.is_for_phones else []
    return base_map_files.take_page(offered, lambda one: _link(one, signed))


@pages.get("/basemaps/for-phones/<signed>/<name>")
@door.guarded_by(_by_link)
def take(signed: str, name: str) -> Response:
    """Send the map to a phone."""
    found = base_maps.find(door.reading(), g.base_map_id, WHOLE_SITE)
    return base_map_files.file_answer(found)


@pages.get("/tiles/<int:map_id>/<int:zoom>/<int:column>/<int:row>")
@door.allow(Right.SEE_COVERAGE, Right.SEE_CLINICS)
def tile(map_id: int, zoom: int, column: int, row: int) -> Response:
    """Send one picture of a map; 204 where the map has none there."""
    sha256, _kind = base_maps.place_of(door.session(), map_id, door.account().scope)
    etag = f"{sha256[:16]}-{zoom}-{column}-{row}"
    if request.if_none_match.contains(etag):
        return _kept_by_browser(Response(status=304), etag)
    place = base_maps.file_of(door.site().settings.folder, sha256)
    found = map_files.tile(place, zoom, column, row)
    if found is None:
        return _kept_by_browser(Response(status=204), etag)
    kind, content = found
    return _kept_by_browser(Response(content, content_type=_KINDS[kind]), etag)


def _kept_by_browser(answer: Response, etag: str) -> Response:
    answer.headers["Cache-Control"] = f"private, max-age={_TILE_AGE_S}"
    answer.set_etag(etag)
    return answer


def _kept() -> tuple[KeptFile, TileMap]:
    """Keep the file that was sent. Raises NotValid and TooLarge; then nothing of it stays."""
    sent, settings = request.files.get("file"), door.site().settings
    if sent is None or not sent.filename:
        raise NotValid("Choose a file first.", "file")
    return base_maps.keep(
        settings.folder, sent.filename, sent.stream, settings.base_map_limit_bytes
    )


def _new_page(errors: dict[str, str]) -> str:
    scope = door.account().scope
    return render_template(
        "base_map_new.html",
        errors=errors,
        areas=base_maps.area_choices(door.reading(), scope),
        area=request.form.get("area", ""),
        name=request.form.get("name", ""),
        limit_mb=door.site().settings.base_map_limit_bytes // 1_000_000,
    )


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(door.site().secrets.cookies, salt="base map")


def _link(one: BaseMapLine, signed: str) -> str:
    name = quote(base_map_files.file_name(one), safe="")
    return url_for("base_maps.take", signed=signed, name=name)
