from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.cli.main import main
from server.survey import intake
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.truth import JournalEntry
from tests.builders import VILLAGE, a_member, an_upload, roster_xml


@pytest.fixture
def place(site: Site) -> list[str]:
    """Options that name a site with one visited village."""
    with Session(site.engine) as session, session.begin():
        session.add(
            Village(code=VILLAGE, name="高川村", township_code="130921211000", households=4)
        )
    intake.receive(site, an_upload(roster_xml(number="HH0001", members=[a_member()])))
    url = site.engine.url.render_as_string(hide_password=False)
    return ["--data", str(site.settings.folder), "--database", url]


def test_coverage_is_written_as_the_ending_says(place: list[str], tmp_path: Path) -> None:
    out = tmp_path / "coverage.xlsx"

    result = CliRunner().invoke(main, ["export", "coverage", str(out), *place])

    rows = list(load_workbook(out).worksheets[0].iter_rows(values_only=True))
    assert result.exit_code == 0, result.output
    assert rows[1][0] == VILLAGE


def test_an_export_is_journalled_under_the_shell(
    site: Site, place: list[str], tmp_path: Path
) -> None:
    CliRunner().invoke(main, ["export", "clinics", str(tmp_path / "clinics.csv"), *place])

    with Session(site.engine) as session:
        (note,) = session.scalars(
            select(JournalEntry).where(JournalEntry.action == "clinics_taken")
        )
    assert note.who.startswith("shell:")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["coverage", "coverage.pdf"], 2, ".csv or .xlsx"),
        (["batch", "1", "batch.csv"], 1, "no batch 1"),
        (["batch", "1", "batch.csv", "--full"], 2, "--reason"),
    ],
)
def test_what_cannot_be_exported_is_told_in_words(
    place: list[str], command: list[str], code: int, words: str, tmp_path: Path
) -> None:
    command = [str(tmp_path / one) if "." in one else one for one in command]

    result = CliRunner().invoke(main, ["export", *command, *place], env={"LANG": "en"})

    assert result.exit_code == code
    assert words in result.output
