"""`doorstep form`, as a script runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from forms import validate
from forms.faults import Fault
from server.cli.main import main
from server.survey import publishing

FORM = """
| survey |
| | type | name | label | media::image |
| | note | hi | Hi | logo.png |
| | text | cun | Village | |
| settings |
| | form_id | version | form_title |
| | county | {version} | County |
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `doorstep …` on a site of this test's own, in English, without Java."""
    monkeypatch.setattr(validate, "java", lambda: None)
    site = {"DOORSTEP_DATA": str(tmp_path / "site"), "LC_ALL": "C.UTF-8", "DOORSTEP_DATABASE": ""}

    def run(*words: object) -> Result:
        return CliRunner(env=site).invoke(main, [str(word) for word in words])

    return run


@pytest.fixture
def form(tmp_path: Path) -> Path:
    path = tmp_path / "county.md"
    path.write_text(FORM.format(version=1), encoding="utf-8")
    return path


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_publishing_says_what_is_there_now(run: Run, form: Path) -> None:
    first = run("form", "publish", form)
    again = run("form", "publish", form)

    assert first.exit_code == again.exit_code == 0
    assert "County (county), version “1”, is published." in first.stdout
    assert "without these files: logo.png" in first.stderr
    assert "was published already" in again.stdout


def test_publishing_tells_a_script_all_it_did(run: Run, form: Path, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"picture")
    mapping = tmp_path / "meaning.csv"
    mapping.write_text("path,concept\ncun,visit.village\n", encoding="utf-8")

    done = told(run("form", "publish", form, "--attach", logo, "--mapping", mapping, "--json"))

    assert done == {
        "form_id": "county",
        "version": "1",
        "title": "County",
        "is_new": True,
        "warnings": [],
        "odk_validate": None,
        "missing_files": [],
        "submissions_read_anew": 0,
    }
    (listed,) = told(run("form", "list", "--json"))
    assert (listed["form_id"], listed["state"], listed["has_mapping"]) == ("county", "open", True)


def test_a_folder_of_sheets_is_published(run: Run) -> None:
    done = run("form", "publish", publishing.LIBRARY / "household_roster")

    assert done.exit_code == 0
    assert "household_roster" in run("form", "list").stdout


def test_faults_name_the_cell_and_the_exit_code_is_1(run: Run, form: Path) -> None:
    form.write_text(form.read_text("utf-8").replace("text", "txet"), encoding="utf-8")

    in_words = run("form", "publish", form)
    for_a_script = run("form", "publish", form, "--json")

    assert in_words.exit_code == for_a_script.exit_code == 1
    assert "survey, A3" in in_words.stderr
    (fault,) = json.loads(for_a_script.stdout)["faults"]
    assert (fault["sheet"], fault["row"], fault["cell"]) == ("survey", 3, "A3")
    assert told(run("form", "list", "--json")) == []


def test_other_content_under_a_published_version_is_refused(run: Run, form: Path) -> None:
    run("form", "publish", form)
    form.write_text(form.read_text("utf-8").replace("Village", "Hamlet"), encoding="utf-8")

    refused = run("form", "publish", form)

    assert refused.exit_code == 1
    assert "Raise the version" in refused.stderr


def test_a_file_that_is_not_there_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("form", "publish", tmp_path / "none.xlsx").exit_code == 2
    assert run("form", "state", "county", "gone").exit_code == 2
    assert run("form", "mapping", "county").exit_code == 2
    assert run("form", "download", "county").exit_code == 2


def test_a_check_publishes_nothing_and_fails_when_java_refuses(
    run: Run, form: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = run("form", "check", form)
    monkeypatch.setattr(validate, "java", lambda: "java")
    refusal = Fault(validate.SAYS, {"words": "no such function"})
    monkeypatch.setattr(validate, "validate_with_java", lambda xml: [refusal])

    refused = run("form", "check", form)

    assert content.exit_code == 0
    assert "no Java here" in content.stderr
    assert refused.exit_code == 1
    assert "no such function" in refused.stderr
    assert told(run("form", "list", "--json")) == []


def test_states_change_and_unknown_forms_are_told(run: Run, form: Path) -> None:
    run("form", "publish", form)

    closed = run("form", "state", "county", "closed")
    unknown = run("form", "state", "other", "closed")

    assert closed.exit_code == 0
    assert told(run("form", "list", "--json"))[0]["state"] == "closed"
    assert (unknown.exit_code, "no form other" in unknown.stderr) == (1, True)


def test_a_mapping_is_laid_beside_a_form_and_taken_away(
    run: Run, form: Path, tmp_path: Path
) -> None:
    mapping = tmp_path / "m.csv"
    mapping.write_text("path,concept\ncun,visit.village\nold,visit.date\n", encoding="utf-8")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n", encoding="utf-8")
    run("form", "publish", form)

    laid = run("form", "mapping", "county", mapping)
    refused = run("form", "mapping", "county", wrong)
    has_mapping = told(run("form", "list", "--json"))[0]["has_mapping"]
    removed = run("form", "mapping", "county", "--remove")

    assert laid.exit_code == removed.exit_code == 0
    assert "The form has no question old." in laid.stderr
    assert (refused.exit_code, "lacks the column path" in refused.stderr) == (1, True)
    assert has_mapping
    assert not told(run("form", "list", "--json"))[0]["has_mapping"]


def test_a_download_is_the_form_to_work_on(run: Run, form: Path, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"picture")
    run("form", "publish", form, "--attach", logo)
    xlsx, xml, folder = tmp_path / "c.xlsx", tmp_path / "c.xml", tmp_path / "c"

    done = run("form", "download", "county", "--xlsx", xlsx, "--xml", xml, "--folder", folder)

    assert done.exit_code == 0
    assert openpyxl.load_workbook(xlsx)["settings"]["A2"].value == "county"
    assert xml.read_bytes().startswith(b"<?xml")
    assert {one.name for one in folder.iterdir()} == {"survey.csv", "settings.csv", "logo.png"}
    # What was taken away compiles to the very form that is published.
    assert "was published already" in run("form", "publish", xlsx).stdout
    assert "was published already" in run("form", "publish", folder).stdout


def test_an_older_version_can_be_downloaded(run: Run, form: Path, tmp_path: Path) -> None:
    run("form", "publish", form)
    form.write_text(FORM.format(version=2), encoding="utf-8")
    run("form", "publish", form)

    run("form", "download", "county", "--version", "1", "--xml", tmp_path / "1.xml")
    unknown = run("form", "download", "county", "--version", "9", "--xml", tmp_path / "9.xml")

    assert b'version="1"' in (tmp_path / "1.xml").read_bytes()
    assert unknown.exit_code == 1
    assert not (tmp_path / "9.xml").exists()
