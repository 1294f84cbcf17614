"""Servers of tiles: added for the whole site alone, offered on the map in their frame."""

from __future__ import annotations

import pytest

from server.database import writing_session
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.survey.tile_sources import Source
from tests.signed_in import browser_of

FIELDS = {
    "name": "高德",
    "url": "https://web{1-3}.tiles.example/{z}/{x}/{y}.png",
    "credit": "© 高德",
    "crs": "gcj02",
    "smallest_zoom": "3",
    "largest_zoom": "18",
}


def a_source(url: str) -> Source:
    return Source(1, "n", url, "c", "wgs84", 0, 18)


@pytest.mark.parametrize(
    ("url", "address", "origins"),
    [
        ("https://t.example/{z}/{x}/{y}", "https://t.example/{z}/{x}/{y}", ["https://t.example"]),
        (
            "http://t{0-1}.example:8080/{z}",
            "http://t{s}.example:8080/{z}",
            ["http://t0.example:8080", "http://t1.example:8080"],
        ),
        (
            "https://{s}.example/{z}",
            "https://{s}.example/{z}",
            ["https://a.example", "https://b.example", "https://c.example"],
        ),
        ("/tiles/{z}/{x}/{y}", "/tiles/{z}/{x}/{y}", []),
    ],
)
def test_every_host_of_a_source_is_an_origin_of_its_own(
    url: str, address: str, origins: list[str]
) -> None:
    source = a_source(url)

    assert (source.address, list(source.origins)) == (address, origins)


def test_a_source_is_added_offered_on_the_map_and_taken_out_again(site: Site) -> None:
    with writing_session(site.engine) as session:
        import_sample(session, "test")
    admin, office = browser_of(site, "admin"), browser_of(site, "office")

    added = admin.post("/tile-sources/", FIELDS)
    page = office.get("/map")
    admin.post("/tile-sources/1/remove")
    after = office.get("/map")

    assert added.status_code == 303
    assert 'data-crs="gcj02" data-subdomains="1,2,3"' in page.text
    assert "https://web{s}.tiles.example/{z}/{x}/{y}.png" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "https://web1.tiles.example https://web2.tiles.example" in policy
    assert "example" not in after.headers["Content-Security-Policy"]
    assert "tiles.example" not in after.text
    assert admin.post("/tile-sources/1/remove").status_code == 404


WRONG = (
    {"url": "ftp://t.example/{z}/{x}/{y}"},
    {"url": "https://t.example/{z}/{x}"},
    {"url": "https://t.example/{z}/{x}/{y}; script-src *"},
    {"url": "https://me:secret@t.example/{z}/{x}/{y}"},
    {"url": "https://*/{z}/{x}/{y}"},
    {"url": "https://*.example/{z}/{x}/{y}"},
    {"url": "https://\u5730\u56fe.example/{z}/{x}/{y}"},
    {"url": "https://{z}.example/{x}/{y}"},
    {"crs": ""},
    {"credit": ""},
    {"largest_zoom": "99"},
    {"smallest_zoom": "x"},
    {"smallest_zoom": "18", "largest_zoom": "3"},
)


def test_what_no_map_could_draw_on_is_refused_in_words(site: Site) -> None:
    admin = browser_of(site, "admin")

    for wrong in WRONG:
        answer = admin.post("/tile-sources/", FIELDS | wrong)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text


def test_who_keeps_a_part_of_the_register_does_not_decide_for_all(site: Site) -> None:
    office = browser_of(site, "office", ["130921"])

    assert office.post("/tile-sources/", FIELDS).status_code == 403
    assert "Add a source" not in office.get("/tile-sources/").text
