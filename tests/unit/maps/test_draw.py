"""The pieces of a map page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest

from maps import legend
from maps.draw import MapPage, draw_map
from maps.layers import Box
from maps.view import BaseLayer, MapSources, MapView, TimeRow
from server.web.language import words

SOURCES = MapSources(
    leaflet_js="/static/leaflet.js?v=1",
    leaflet_css="/static/leaflet.css?v=1",
    map_js=("/static/map.js?v=1", "/static/map-names.js?v=1"),
    map_css="/static/map.css?v=1",
    villages="/map/villages.json",
)
TILES = "https://tiles.example/{z}/{x}/{y}.png"
FAR = BaseLayer("Far <b>", TILES, 3, 17, None, "© Somebody", "gcj02", ("a", "b"))
LEGENDS = {"coverage": legend.rows_of(legend.COVERAGE, []), "clinics": legend.clinic_legend([])}
WEEKS = TimeRow([date(2026, 8, 10), date(2026, 8, 17)], 0, "by 16 Aug 2026", "", "/map", "/map")


def a_page(
    sources: MapSources = SOURCES,
    view: MapView | None = None,
    *,
    language: str = "en",
    nonce: str = "n-1",
) -> MapPage:
    shown = view or MapView(LEGENDS, language)
    return draw_map(sources, shown, Box(38, 116, 39, 117), words(language).text, nonce)


def whole(page: MapPage) -> str:
    return f"{page.head}\n{page.body}\n{page.script}"


class Tags(HTMLParser):
    """Collects tags, and says which were left open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        if tag not in ("link", "input"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_asks_no_other_host_for_anything() -> None:
    assert re.findall(r"https?://[^\s\"']*", whole(a_page())) == []
    assert not [url for url in _addresses(whole(a_page())) if not re.match(r"/\w", url)]


def _addresses(html: str) -> list[str]:
    return [
        value
        for _, attributes in Tags(html).all
        for name, value in attributes.items()
        if name in ("src", "href") and value
    ]


def test_only_leaflet_and_our_own_files_are_loaded() -> None:
    assert _addresses(whole(a_page())) == [
        "/static/leaflet.css?v=1",
        "/static/map.css?v=1",
        "/static/leaflet.js?v=1",
        "/static/map.js?v=1",
        "/static/map-names.js?v=1",
    ]


def test_every_script_carries_the_nonce_and_nothing_runs_from_an_attribute() -> None:
    tags = Tags(whole(a_page(nonce='a"b'))).all

    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert [script["nonce"] for script in scripts] == ['a"b'] * 5
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]


def test_folium_leaves_the_look_of_the_page_alone() -> None:
    page = a_page()

    assert "<style" not in whole(page)
    assert "<meta" not in whole(page)


def test_the_html_is_closed_as_it_was_opened() -> None:
    page = a_page()

    assert Tags(page.head).open == []
    assert Tags(page.body).open == []
    assert Tags(page.script).open == []


def test_tiles_come_only_from_where_the_site_says_and_are_attributed() -> None:
    body = a_page(replace(SOURCES, base_layers=(FAR,))).body

    assert re.findall(r"https?://[^\s\"']*", body) == [TILES]
    (option,) = re.findall(r"<option value=\"0\".*?</option>", body)
    assert 'data-crs="gcj02"' in option
    assert 'data-subdomains="a,b"' in option
    assert 'data-credit="© Somebody"' in option
    assert "Far &lt;b&gt;" in option
    assert " selected" not in option


def test_tiles_of_the_settings_lie_there_at_once() -> None:
    body = a_page(replace(SOURCES, base_layers=(FAR,), has_ground=True)).body

    assert re.findall(r"<option value=\"0\"[^>]* selected", body)


def test_without_tiles_nothing_is_attributed() -> None:
    assert '"attributionControl": false' in a_page().script
    assert "tileLayer" not in a_page().script


def test_the_weeks_are_links_that_work_without_a_script() -> None:
    body = a_page(view=MapView(LEGENDS, "en", time=WEEKS)).body

    assert re.findall(r'<a [^>]*data-step="after" href="(.*?)"', body) == ["/map"]
    assert '<span class="button quiet" data-step="before"' in body
    assert 'data-weeks="2026-08-10,2026-08-17" data-at="0"' in body
    assert 'name="week" value="2026-08-10"' in body


@pytest.mark.parametrize(("language", "title"), [("en", "Coverage"), ("zh", "覆盖")])
def test_the_page_speaks_the_readers_language(language: str, title: str) -> None:
    page = a_page(language=language)

    assert f'lang="{language}"' in page.body
    assert f">{title}</option>" in page.body
    told = json.loads(re.findall(r"map-told[^>]*>(.*?)</script>", page.script)[0])
    assert told["symbols"]["coverage"]["not_started"]["label"] == words(language).text(
        "Not started"
    )


def test_a_layer_can_be_chosen_only_when_it_has_a_legend() -> None:
    body = a_page().body

    assert re.findall(r'<option value="([a-z]+)"', body) == ["coverage", "clinics"]
    assert 'id="map-households"' not in body


def test_what_a_translation_says_cannot_become_markup() -> None:
    view = MapView({"coverage": legend.rows_of(legend.COVERAGE, [])}, "en")

    page = draw_map(SOURCES, view, None, lambda msgid: f"</script><b>{msgid}", "n")

    assert page.script.count("</script>") == 5
    assert "<b>" not in page.body.replace("<b>0</b>", "")


def test_a_layer_without_a_legend_is_refused() -> None:
    view = MapView({"coverage": legend.rows_of(legend.COVERAGE, [])}, "en", "clinics")

    with pytest.raises(ValueError, match="no legend for the layer 'clinics'"):
        draw_map(SOURCES, view, None, str, "n")
