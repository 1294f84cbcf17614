"""What checks say of a village on the pages of tasks, in both languages, and to whom."""

from __future__ import annotations

import html
import re

import pytest

from server.survey.quality import running
from server.survey.site import Site
from tests.signed_in import Browser, browser_of
from tests.village_rows import NOW, checked_villages, place_villages


@pytest.fixture
def grouped(site: Site) -> list[str]:
    """Thirty-six villages, three of which have more than the others together; checked once."""
    codes = place_villages(site, 36)
    running.run(site, NOW)
    return codes


def pages_of(browser: Browser) -> list[str]:
    """Return the pages of all tasks on villages."""
    links = re.findall(r'href="(/tasks/one/[^"]+)"', browser.get("/tasks/villages").text)
    return [html.unescape(browser.get(link).text) for link in links]


def test_a_group_is_told_with_its_sum_its_chance_and_its_villages(
    site: Site, grouped: list[str]
) -> None:
    (page,) = [one for one in pages_of(browser_of(site, "supervisor")) if "neighbouring" in one]

    assert "3 neighbouring villages together: 78 of 450 persons screened; about 37 would" in page
    assert "Chance alone would make such a group in" in page
    assert [code for code in grouped if f'href="/villages/{code}"' in page] == grouped[3:6]


def test_who_sees_one_village_of_a_group_learns_no_sum_of_the_others(
    site: Site, grouped: list[str]
) -> None:
    (page,) = [
        one
        for one in pages_of(browser_of(site, "supervisor", [grouped[3]]))
        if "Neighbouring villages" in one
    ]

    assert "Neighbouring villages have more than would be usual." in page
    assert "78" not in re.sub(r"<[^>]*>|\d{4,}", " ", page.split("<main")[1].split("noticed")[0])
    assert f'href="/villages/{grouped[4]}"' not in page


def test_a_count_that_stands_apart_is_drawn_on_the_band_of_what_is_usual(site: Site) -> None:
    codes = checked_villages(site)

    (page,) = pages_of(browser_of(site, "supervisor"))
    (chinese,) = pages_of(browser_of(site, "worker", language="zh"))

    assert "Persons with a finding: 30 of 80 persons screened; about 7.1 would be usual." in page
    assert 'class="usual"' in page
    assert f'href="/villages/{codes[0]}#found"' in page
    assert "有发现的人员：筛查 80 人，发现 30 人；通常约 7.1 人。" in chinese
