"""What the demo does not hold, done before the pictures are taken: as people and phones do it."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from playwright.sync_api import FilePayload, Page

FLAGGED = "/submissions/?form=household_roster&flag=any"
# What a reviewer writes to a worker, in the worker's language.
REASON = "户主身份证号少一位，请重新核对"
# A screening that a second phone contradicts.
SCREENED = "/submissions/?form=disease_screening"
IN_CONFLICT = "/entities/in/persons?state=conflict"
ALERTS = (
    {"name": "户数落后计划", "kind": "behind", "households": "8"},
    {"name": "新发现白内障", "kind": "found", "codes": "cataract"},
    {"name": "手机没有消息", "kind": "silent", "days": "3"},
)
# Of the households drawn, those whose second worker has not been there yet.
STILL_WAITING = 9
# The hasty worker's answers differ more often than those of others, which differ now and then.
HASTY_PHONE, HASTY_EVERY, OTHERS_EVERY = 8, 3, 23
CHINA = timezone(timedelta(hours=8))
DRAWN = """SELECT entry.*, household.latitude, household.longitude FROM back_check_entry AS entry
    LEFT JOIN household ON household.id = entry.household_id ORDER BY entry.id"""
OPENROSA = {"X-OpenRosa-Version": "1.0"}
NAMESPACES = 'xmlns="http://opendatakit.org/submissions" xmlns:orx="http://openrosa.org/xforms"'
_HOME = {"visited": "visited", "hh_size": "household.size", "hh_type": "household.kind"}
_ONE = {
    "known": "known",
    "sex": "person.sex",
    "birth_year": "person.birth_year",
    "residence": "person.residence",
}


@dataclass(frozen=True, slots=True)
class Site:
    """A served demo: its address, its folder, and what each phone sends to (by its number)."""

    address: str
    folder: Path
    phones: Sequence[str]


def prepare(page: Page, site: Site) -> dict[str, str]:
    """Do it all; return the paths of pages that only now exist, by the name of their picture."""
    sent_back = _send_back(page, site.address, turn=0)
    _correct(page, _send_back(page, site.address, turn=1), site.phones[0])
    _add_alerts(page, site.address)
    _ask_again(page, site)
    return {
        "submission": sent_back,
        "conflict": _contradict(page, site.address, site.phones[0]),
        "task": _first_link(page, site.address, "/tasks/workers?check=digits", "/tasks/one/"),
        "pair": _first_link(page, site.address, "/duplicates", "/duplicates/pair"),
    }


def drawn_days() -> tuple[str, str]:
    """Return the first and last day of the interviews of which some are held again."""
    today = datetime.now(CHINA).date()
    return str(today - timedelta(days=28)), str(today - timedelta(days=2))


def _first_link(page: Page, address: str, path: str, begins: str) -> str:
    page.goto(address + path)
    return page.locator(f'main a[href*="{begins}"]').first.get_attribute("href") or path


def _token(page: Page) -> str:
    return page.locator("main input[name=csrf]").first.input_value()


def _add_alerts(page: Page, address: str) -> None:
    page.goto(f"{address}/alerts/new")
    for rule in ALERTS:
        more = {"csrf": _token(page), "area_code": "130921211000", "is_on_today": "1", "hour": "7"}
        fields = cast("dict[str, str | float | bool]", {**more, **rule})
        answer = page.request.post(f"{address}/alerts/new", form=fields)
        if not answer.ok:
            sys.exit(f"The alert was refused: {answer.status}")


def _ask_again(page: Page, site: Site) -> None:
    """Answer most of the households drawn, as the second workers' phones would."""
    with closing(sqlite3.connect(site.folder / "doorstep.db")) as database:
        database.row_factory = sqlite3.Row
        entries = database.execute(DRAWN).fetchall()
        version = database.execute(
            "SELECT version FROM form_version WHERE form_id = 'back_check'"
        ).fetchone()[0]
    for entry in entries[:-STILL_WAITING]:
        body = _second_interview(entry)
        xml = (
            f'<?xml version="1.0"?><data id="back_check" version="{version}" {NAMESPACES}>{body}'
            f"<orx:meta><orx:instanceID>uuid:{uuid.uuid4()}</orx:instanceID></orx:meta></data>"
        )
        _send(page, site.phones[entry["phone_id"] - 1], xml)


def _second_interview(entry: sqlite3.Row) -> str:
    said: dict[str, str] = json.loads(entry["said"])
    every = HASTY_EVERY if entry["first_phone_id"] == HASTY_PHONE else OTHERS_EVERY
    if entry["id"] % every == 0:
        said["household.size"] = str(int(said.get("household.size", "1")) + 1)
    ended = datetime.now(CHINA) - timedelta(minutes=5)
    when = {
        "start": (ended - timedelta(minutes=8)).isoformat(timespec="milliseconds"),
        "end": ended.isoformat(timespec="milliseconds"),
        "today": str(ended.date()),
    }
    who = {"entry": entry["entity_id"], "village": entry["village_code"], "outcome": "met"}
    measured = {
        key.removeprefix("measure."): told
        for key, told in said.items()
        if key.startswith("measure.")
    }
    groups = {
        "who": who,
        "home": _told(_HOME, said),
        "one": _told(_ONE, said),
        "meas": measured,
    }
    place = {"location": f"{entry['latitude']} {entry['longitude']} 0 8"}
    answered = "".join(f"<{name}>{_nodes(told)}</{name}>" for name, told in groups.items())
    return _nodes(when) + answered + _nodes(place)


def _told(questions: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    return {name: said[told] for name, told in questions.items() if told in said}


def _nodes(told: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{escape(str(text))}</{name}>" for name, text in told.items())


def _send_back(page: Page, address: str, turn: int) -> str:
    """Send a record back as a reviewer does; return the path of its page."""
    page.goto(address + FLAGGED)
    page.locator("table.cards tbody th a").nth(turn).click()
    page.wait_for_load_state("networkidle")
    path = urlsplit(page.url).path
    page.fill('form[action$="/send-back"] input[name=reason]', REASON)
    page.click('form[action$="/send-back"] button')
    page.wait_for_load_state("networkidle")
    return path


def _as_sent(page: Page) -> str:
    """Return the XML of the submission on the page, under a new instance's name."""
    fields: dict[str, str | float | bool] = {"csrf": _token(page), "reason": "picture", "raw": "1"}
    xml = page.request.post(page.url.partition("?")[0], form=fields).text()
    return re.sub(r"uuid:[0-9a-f-]{36}(?=</[^<]*instanceID>)", f"uuid:{uuid.uuid4()}", xml)


def _send(page: Page, phone: str, xml: str) -> None:
    part = FilePayload(name="submission.xml", mimeType="text/xml", buffer=xml.encode())
    answer = page.request.post(phone, headers=OPENROSA, multipart={"xml_submission_file": part})
    if not answer.ok:
        sys.exit(f"The phone was refused: {answer.status} {answer.text()}")


def _correct(page: Page, path: str, phone: str) -> None:
    """Answer what was sent back with an edit, as Collect does."""
    page.goto(urlsplit(phone)._replace(path=path).geturl())
    known = page.locator("dl.pairs code").first.inner_text()
    edit = rf"\1<orx:deprecatedID>{known}</orx:deprecatedID>"
    _send(page, phone, re.sub(r"(</[^<]*instanceID>)", edit, _as_sent(page), count=1))


def _contradict(page: Page, address: str, phone: str) -> str:
    """Say something else of a person than the last screening; return the page that settles it."""
    page.goto(address + SCREENED)
    page.click("table.cards tbody th a")
    page.wait_for_load_state("networkidle")
    xml = _as_sent(page)
    result = "clear" if "<screen_result>follow<" in xml else "follow"
    _send(page, phone, re.sub(r"(?<=<screen_result>)\w+", result, xml))
    page.goto(address + IN_CONFLICT)
    page.click("table.cards tbody th a")
    page.wait_for_load_state("networkidle")
    return urlsplit(page.url).path + "/conflict"
