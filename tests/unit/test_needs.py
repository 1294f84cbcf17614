"""What happens to tests whose program is missing, and to a run in CI that skips any."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]

NEEDING = """\
from tests.needs import needs_chromium, needs_java

@needs_java
def test_java():
    pass

@needs_chromium
def test_chromium():
    pass
"""

SKIPPING = """\
import pytest

def test_skipped():
    pytest.skip("for no good reason")

def test_passed():
    pass
"""


def _pytest(folder: Path, text: str, **variables: str) -> tuple[int, str]:
    """Run one test file where no program is on the path."""
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-rs", "-c", os.devnull, "-p", "tests.conftest"]
    environment = {"PATH": str(folder), "PYTHONPATH": str(HOME), **variables}
    ended = subprocess.run(
        [*command, "test_it.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    return ended.returncode, ended.stdout


def test_a_missing_program_skips_aloud(tmp_path: Path) -> None:
    code, said = _pytest(tmp_path, NEEDING)

    assert code == 0
    assert "2 skipped" in said
    assert "Chromium is not installed (Debian: apt install chromium)" in said


def test_in_ci_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    code, said = _pytest(tmp_path, NEEDING, DOORSTEP_CI="1")

    assert code == pytest.ExitCode.TESTS_FAILED
    assert "2 errors" in said
    assert "apt install default-jdk-headless" in said


def test_in_ci_any_skip_fails_the_run(tmp_path: Path) -> None:
    code, said = _pytest(tmp_path, SKIPPING, DOORSTEP_CI="1")

    assert code == pytest.ExitCode.TESTS_FAILED
    assert "1 passed, 1 skipped" in said
