"""A base map on its way to a phone: the page with the steps, and the file in parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Response, render_template, send_file

from server.survey import base_maps
from server.survey.base_maps import BaseMapLine
from server.web import door, language, phone_codes
from server.web.kept_files import safe_name

# Collect and KoboCollect since 2024.2 take a layer from the phone's own downloads.
LAYER_STEP_WORDS = (
    "Tap Download below and wait until the whole file is on the phone. Use Wi-Fi.",
    "Open any form with a map in Collect (or Settings → Maps), tap the layers button, then “Add "
    "layers”, and choose the file.",
    "Leave “Current project” chosen, confirm, then choose the new layer in the list.",
)


def file_name(one: BaseMapLine) -> str:
    """Return what the file is called on a phone: Collect takes only names that end so."""
    name = one.file_name.removesuffix(base_maps.PMTILES).removesuffix(base_maps.MBTILES)
    return safe_name(name + base_maps.MBTILES)


def take_page(maps: Sequence[BaseMapLine], address: Callable[[BaseMapLine], str]) -> str:
    """Show what can be taken, with the steps in every language; `address` gives a map's file."""
    steps = {
        one: [language.words(one).text(step) for step in LAYER_STEP_WORDS]
        for one in phone_codes.languages()
    }
    return render_template(
        "base_map_take.html", maps=[(one, address(one)) for one in maps], steps=steps
    )


def file_answer(one: BaseMapLine) -> Response:
    """Send a map; what a bad link broke off goes on where it ended (RFC 9110, Range)."""
    place = base_maps.file_for_phones(door.site().settings.folder, one)
    answer = send_file(
        place,
        mimetype="application/octet-stream",
        as_attachment=True,
        download_name=file_name(one),
        conditional=True,
        etag=one.sha256,
        max_age=0,
    )
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer
