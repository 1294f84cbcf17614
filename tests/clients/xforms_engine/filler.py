"""Fills forms by ODK Web Forms' engine and returns what its page would send.

The engine comes from npm, at the versions and hashes of package-lock.json, into a folder that
git does not know. Nothing of it is shipped.
"""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests import needs
from tests.clients.javarosa.walker import known_answers

HERE = Path(__file__).parent
ANSWERS = "xml_submission_file"
_STAMP = HERE / "node_modules" / "doorstep.stamp"
_INSTALL_TIMEOUT_S = 300


@dataclass(frozen=True)
class Filled:
    """One filled form: the answers' XML, and its files by name."""

    xml: bytes
    files: dict[str, bytes]


def fill(form_xml_path: Path, attachments_dir: Path, count: int, seed: int) -> list[Filled]:
    """Fill the form `count` times, at random but validly, in order.

    The same seed gives the same answers but for uuids and times. Skips the test without Node.js;
    raises AssertionError when the engine cannot load the form or no answers are valid.
    """
    node = _installed()
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "filled"
        target.mkdir()
        known = Path(folder) / "answers.tsv"
        known.write_text("\n".join(known_answers()), encoding="utf-8")
        words = (node, HERE / "fill.mjs", form_xml_path, attachments_dir, target, count, seed)
        done = subprocess.run(
            [*map(str, words), str(known)], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{form_xml_path.name}:\n{done.stderr[-4000:]}"
        return [_filled(place) for place in sorted(target.iterdir())]


def _filled(place: Path) -> Filled:
    parts = {path.name: path.read_bytes() for path in place.iterdir()}
    return Filled(parts.pop(ANSWERS), parts)


@cache
def _installed() -> Path:
    """Return the Node.js that finds the engine, installed once for all processes of a run."""
    node = needs.find_program("node") or needs.missing("Node.js", "nodejs")
    npm = needs.find_program("npm") or needs.missing("npm", "npm")
    lock = HERE / "package-lock.json"
    stamp = hashlib.sha256(lock.read_bytes()).hexdigest()
    with lock.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (_STAMP.is_file() and _STAMP.read_text() == stamp):
            _install(npm)
            _STAMP.write_text(stamp)
    return node


def _install(npm: Path) -> None:
    done = subprocess.run(
        [str(npm), "ci"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=_INSTALL_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        needs.unavailable(f"ODK Web Forms' engine was not installed: {done.stderr[-1000:]}")
