"""Fills forms by JavaRosa, the engine inside ODK Collect, and returns what a phone would send."""

from __future__ import annotations

import atexit
import csv
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from forms.validate import JAR
from tests import needs

HERE = Path(__file__).parent
SAMPLES = HERE.parent.parent / "samples"

Forced = Mapping[str, str]
"""What must be answered, by question name or path: a text, choices with spaces, "" for nothing."""


def walk(
    form_xml_path: Path,
    attachments_dir: Path,
    count: int,
    seed: int,
    forced: Forced | Sequence[Forced] | None = None,
) -> list[bytes]:
    """Fill the form `count` times, at random but validly, and return the instance XMLs in order.

    A sequence of `forced` gives each walk its own, round and round. Resident IDs come from
    tests/samples/id_numbers.csv. The same seed gives the same answers but for uuids and times.
    Skips the test without Java; raises AssertionError when JavaRosa cannot fill the form.
    """
    each: Sequence[Forced] = [forced] if isinstance(forced, Mapping) else list(forced or [{}])
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "instances"
        target.mkdir()
        answers = Path(folder) / "answers.tsv"
        answers.write_text("\n".join(known_answers()), encoding="utf-8")
        musts = Path(folder) / "forced.tsv"
        musts.write_text("\n".join(_lines(each, count)), encoding="utf-8")
        _run(form_xml_path, attachments_dir, target, count, seed, answers, musts)
        return [path.read_bytes() for path in sorted(target.iterdir())]


def _run(form: Path, *rest: Path | int) -> None:
    command = ["java", "-cp", f"{_compiled()}:{JAR}", "-Dfile.encoding=UTF-8", "Walk", form, *rest]
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"JavaRosa cannot fill {form.name}:\n{done.stderr[-4000:]}"


@cache
def _compiled() -> Path:
    """Return the folder of the compiled walker, made once a run."""
    if needs.find_program("javac") is None or needs.find_program("java") is None:
        needs.missing("Java's compiler", "default-jdk-headless")
    folder = Path(tempfile.mkdtemp(prefix="doorstep-walk-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sources = [str(path) for path in sorted(HERE.glob("*.java"))]
    subprocess.run(
        ["javac", "-encoding", "UTF-8", "-cp", str(JAR), "-d", str(folder), *sources], check=True
    )
    return folder


def known_answers() -> Iterator[str]:
    """Yield answers that chance would not find: name of the question, tab, answer."""
    with (SAMPLES / "id_numbers.csv").open(encoding="utf-8", newline="") as opened:
        for line in csv.DictReader(opened):
            yield f"id18\t{line['id18']}"


def _lines(forced: Sequence[Forced], count: int) -> Iterator[str]:
    for number in range(count):
        for name, value in forced[number % len(forced)].items():
            yield f"{number}\t{name}\t{value}"
