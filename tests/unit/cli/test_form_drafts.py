"""`doorstep form draft` and its like, as a script runs them."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from forms import validate
from server.cli.main import main

FORM = """
| survey |
| | type | name | label | media::image |
| | note | hi | Hi | logo.png |
| | {kind} | cun | Village | |
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


def a_form(folder: Path, version: int, kind: str = "text") -> Path:
    path = folder / f"county{version}.md"
    path.write_text(FORM.format(version=version, kind=kind), encoding="utf-8")
    return path


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_draft_is_kept_tried_and_published(run: Run, tmp_path: Path) -> None:
    # G8, E1
    kept = told(
        run("form", "draft", a_form(tmp_path, 1), "--address", "http://10.0.0.1:8080", "--json")
    )
    settings = json.loads(zlib.decompress(base64.b64decode(kept["qr"])))
    before = told(run("form", "list", "--json"))
    done = run("form", "publish-draft", "county")
    after = told(run("form", "list", "--json"))
    again = run("form", "publish-draft", "county")

    assert kept["missing_files"] == ["logo.png"]
    assert kept["server_url"] == settings["general"]["server_url"]
    assert kept["server_url"].startswith(f"http://10.0.0.1:8080/v1/test/{kept['token']}/")
    assert "county" not in [one["form_id"] for one in before]
    assert "is published" in done.stdout
    assert "county" in [one["form_id"] for one in after]
    assert again.exit_code == 1
    assert "has no draft" in again.stderr


def test_a_draft_says_what_it_would_take_away(run: Run, tmp_path: Path) -> None:
    # G10
    run("form", "publish", a_form(tmp_path, 1))

    kept = run("form", "draft", a_form(tmp_path, 2, "integer"))
    found = told(run("form", "compare", "county", "--json"))
    plain = run("form", "compare", "county", "--from", "1", "--to", "draft")
    unknown = run("form", "compare", "county", "--from", "7")

    assert kept.exit_code == 0
    assert "was string and is now int" in kept.stderr
    assert (found["from"], found["to"]) == ("1", "2")
    assert found["differences"] == [
        {"kind": "retyped", "path": "cun", "before": "text", "after": "integer", "language": ""}
    ]
    assert plain.stdout == "retyped\tcun\ttext\tinteger\t\n"
    assert unknown.exit_code == 1


def test_a_version_that_is_out_is_refused_and_the_draft_stays(run: Run, tmp_path: Path) -> None:
    # G3
    run("form", "publish", a_form(tmp_path, 1))
    other = tmp_path / "other.md"
    other.write_text(FORM.format(version=1, kind="integer"), encoding="utf-8")
    run("form", "draft", other)

    refused = run("form", "publish-draft", "county")
    gone = run("form", "discard-draft", "county")

    assert refused.exit_code == 1
    assert "Raise the version" in refused.stderr
    assert gone.exit_code == 0
    assert run("form", "discard-draft", "county").exit_code == 1


def test_files_are_shared_and_taken_away(run: Run, tmp_path: Path) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(b"logo")

    shared = run("form", "share", logo)
    kept = told(run("form", "draft", a_form(tmp_path, 1), "--json"))
    removed = run("form", "share", "--remove", "logo.png")
    again = run("form", "share", "--remove", "logo.png")

    assert (shared.exit_code, removed.exit_code, again.exit_code) == (0, 0, 1)
    assert kept["missing_files"] == []
