"""What may stand in the repository: nothing of one machine; every dependency has a notice."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")

# Spelled in two parts, so that this file does not mention them either.
OF_ONE_MACHINE = re.compile(
    "|".join(
        [
            "/" + r"work/",
            "/" + r"tmp/plan",
            r"(?<![\w./-])shared" + r"/(data|hooks|\w+\.md)",
            "py" + r"pi\.org",
            "python" + r"hosted\.org",
            r"registry\.npm" + r"js\.org",
            r"deb\.debi" + r"an\.org",
        ]
    )
)


def _texts() -> dict[str, str]:
    """Return the text of every file that git knows, or would take, by its path."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=HOME, capture_output=True, text=True, check=True)
    paths = [HOME / name for name in listed.stdout.split("\0") if name]
    texts = {}
    for path in paths:
        if path.is_file() and b"\0" not in (content := path.read_bytes()):
            texts[str(path.relative_to(HOME))] = content.decode("utf-8", "replace")
    return texts


def _locked(name: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", (HOME / name).read_text(), re.MULTILINE))


def test_no_file_mentions_a_place_on_one_machine_or_a_package_registry() -> None:
    texts = _texts()

    mentions = {
        path: found[0] for path, text in texts.items() if (found := OF_ONE_MACHINE.search(text))
    }

    assert "run" in texts
    assert mentions == {}


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_versions_and_hashes_and_no_address(name: str) -> None:
    entries = (HOME / name).read_text().replace("\\\n", "").splitlines()

    assert [line for line in entries if "://" in line or line.startswith("-")] == []
    assert [line for line in entries if "--hash=sha256:" not in line] == []
    assert [line for line in entries if not re.match(r"[\w.-]+==[\w.]+ ", line)] == []


def test_the_developers_lock_holds_all_that_a_site_needs() -> None:
    site, developers = ((HOME / name).read_text() for name in LOCKS)

    entries = re.findall(r"^\S+==\S+", site, re.MULTILINE)

    assert set(entries) <= set(re.findall(r"^\S+==\S+", developers, re.MULTILINE))


def test_notice_names_every_package_that_a_site_installs() -> None:
    notice = (HOME / "NOTICE").read_text()

    named = set(re.findall(r"^([\w.-]+)  +\S+", notice.split("-------\n")[-1], re.MULTILINE))

    assert named == _locked("requirements.lock")


def test_notice_holds_the_licence_of_everything_that_is_shipped() -> None:
    notice = (HOME / "NOTICE").read_text()

    shipped = [path for path in (HOME / "server/static/vendor").iterdir() if path.is_dir()]

    assert shipped
    for folder in shipped:
        assert str(folder.relative_to(HOME)) in notice
        assert (folder / "LICENSE").read_text().splitlines()[2].strip() in notice
