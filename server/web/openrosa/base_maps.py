"""Base maps for phones, by their own token or Digest: a page to open in the phone's browser."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response

from server.errors import Missing
from server.survey import base_maps
from server.survey.base_maps import BaseMapLine
from server.web import base_map_files, door
from server.web.openrosa import access

feed = access.phone_feed("phone_base_maps")


@access.route(feed, "basemaps")
def show(project_id: int) -> Response:
    """Show the maps of the phone's villages, with the steps to get one into Collect."""
    page = base_map_files.take_page(_offered(), _address)
    return Response(page, headers={"Cache-Control": "no-store"})


@access.route(feed, "basemaps/<int:map_id>/<name>")
def take(project_id: int, map_id: int, name: str) -> Response:
    """Send one of them."""
    for one in _offered():
        if one.id == map_id:
            return base_map_files.file_answer(one)
    raise Missing("There is no such base map.")


def _offered() -> list[BaseMapLine]:
    return base_maps.for_villages(door.reading(), access.villages())


def _address(one: BaseMapLine) -> str:
    name = quote(base_map_files.file_name(one), safe="")
    return f"{access.base_url()}/basemaps/{one.id}/{name}"
