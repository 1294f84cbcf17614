"""Number 17: the text of a phone's code is what Collect's own settings schema takes.

The keys, kinds and choices below are those of Collect v2026.3's client-settings.schema.json. It
drops unknown keys and choices without a word, and refuses the whole code for a wrong kind.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from forms.openrosa import Preset, collect_qr_text, collect_settings
from server.config import Settings
from server.survey.site import Site
from tests import live, phone_site

FLAGS = (
    "automatic_update",
    "hide_old_form_versions",
    "delete_send",
    "high_resolution",
    "external_app_recording",
    "instance_sync",
    "analytics",
    "background_location",
    "background_recording",
)
TEXTS = (
    "server_url",
    "username",
    "password",
    "metadata_username",
    "metadata_phonenumber",
    "metadata_email",
    "app_language",
    "reference_layer",
    "google_map_style",
    "mapbox_map_style",
    "usgs_map_style",
    "carto_map_style",
)
CHOICES = {
    "form_update_mode": {"manual", "previously_downloaded", "match_exactly"},
    "periodic_form_updates_check": {
        "every_fifteen_minutes",
        "every_one_hour",
        "every_six_hours",
        "every_24_hours",
    },
    "autosend": {"off", "wifi_only", "cellular_only", "wifi_and_cellular"},
    "constraint_behavior": {"on_swipe", "on_finalize"},
    "image_size": {"original_image_size", "very_small", "small", "medium", "large"},
    "guidance_hint": {"no", "yes", "yes_collapsed"},
    "appTheme": {"system", "light_theme", "dark_theme"},
    "font_size": {str(size) for size in range(13, 30)},
    "navigation": {"swipe", "buttons", "swipe_buttons"},
    "basemap_source": {"google", "mapbox", "osm", "usgs", "carto"},
}
MAY = {
    *("edit_saved", "send_finalized", "view_sent", "get_blank", "delete_saved", "change_server"),
    *("change_project_display", "change_app_theme", "change_app_language", "change_font_size"),
    *("change_navigation", "maps", "form_update_mode", "periodic_form_updates_check"),
    *("automatic_update", "hide_old_form_versions", "change_autosend", "delete_after_send"),
    *("change_constraint_behavior", "high_resolution", "image_size", "guidance_hint"),
    *("external_app_recording", "instance_form_sync", "change_form_metadata", "analytics"),
    *("moving_backwards", "access_settings", "change_language", "jump_to", "save_mid"),
    *("save_as_draft", "finalize_in_form_entry", "bulk_finalize"),
}
PRESETS: tuple[Preset, ...] = get_args(Preset)


def opened(text: str) -> dict[str, Any]:
    """Return what Collect reads from a code: Base64 of zlib of JSON, refusing all else."""
    settings = json.loads(zlib.decompress(base64.b64decode(text, validate=True)).decode("utf-8"))
    assert isinstance(settings, dict)
    return settings


def faults(settings: dict[str, Any]) -> list[str]:
    """Return what the schema refuses or drops; none for settings that all take effect."""
    found = [key for key in ("general", "admin") if not isinstance(settings.get(key), dict)]
    found += [f"/{key}" for key in settings.keys() - {"general", "admin", "project"}]
    for key, value in settings.get("general", {}).items():
        is_right = (
            (key in FLAGS and isinstance(value, bool))
            or (key in TEXTS and isinstance(value, str))
            or value in CHOICES.get(key, ())
        )
        found += [] if is_right else [f"/general/{key}"]
    for key, value in settings.get("admin", {}).items():
        is_right = isinstance(value, bool) if key in MAY else key == "admin_pw"
        found += [] if is_right else [f"/admin/{key}"]
    project = settings.get("project", {})
    is_text = all(isinstance(value, str) for value in project.values())
    found += [] if is_text and project.keys() <= {"name", "icon", "color"} else ["/project"]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("code") / "site"
    opened_site = phone_site.open_phone_site(folder, f"sqlite:///{folder / 'doorstep.db'}")
    yield opened_site
    opened_site.close()


def test_17_the_code_of_a_new_phone_is_one_collect_takes_whole(site: Site) -> None:
    told: Settings = site.settings
    words = ("phone", "add", "Amina", "--village", phone_site.HERE, "--json")

    printed = json.loads(live.doorstep(told, *words))

    settings = opened(printed["qr"])
    general = settings["general"]
    assert faults(settings) == []
    assert general["server_url"] == printed["server_url"]
    assert f"/v1/key/{printed['token']}/projects/1" in general["server_url"]
    assert len(printed["qr"]) < 600
    # Lists must be whole, and what was filled must leave the phone by itself.
    assert (general["form_update_mode"], general["autosend"]) == (
        "match_exactly",
        "wifi_and_cellular",
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_17_every_preset_is_one_collect_takes_whole(preset: Preset) -> None:
    settings = collect_settings(
        "http://10.0.0.2:8080/v1/projects/1",
        "村居调查",
        "阿米娜",
        preset=preset,
        admin_password="4821",
        username="p1",
        password="secret",
        app_language="zh",
    )

    assert faults(opened(collect_qr_text(settings))) == []


def test_17_the_check_finds_what_collect_would_drop_or_refuse() -> None:
    wrong = {"general": {"autosend": "always", "delete_send": "no", "protocol": "odk"}, "x": {}}

    assert {*faults(wrong)} == {
        "admin",
        "/x",
        "/general/autosend",
        "/general/delete_send",
        "/general/protocol",
    }
