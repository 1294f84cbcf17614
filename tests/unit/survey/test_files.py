"""Files on disk under their content's hash."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.errors import Missing, StoreFull
from server.survey import files

CONTENT = b"\xff\xd8 a photo" * 1000


def names_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_kept_file_lies_under_its_hash_and_is_private(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(CONTENT).hexdigest()

    kept = files.keep(tmp_path, "photo.jpg", CONTENT)

    place = files.path_of(tmp_path, sha256)
    assert kept == files.KeptFile("photo.jpg", sha256, len(CONTENT))
    assert place == tmp_path / sha256[:2] / sha256[2:]
    assert place.read_bytes() == CONTENT
    assert place.stat().st_mode & 0o077 == 0


def test_the_same_content_is_kept_once_whatever_its_name(tmp_path: Path) -> None:
    first = files.keep(tmp_path, "a.jpg", CONTENT)

    second = files.keep(tmp_path, "../../etc/passwd", CONTENT)

    assert (second.sha256, second.name) == (first.sha256, "../../etc/passwd")
    assert len(names_in(tmp_path)) == 1


def test_an_empty_file_is_kept_too(tmp_path: Path) -> None:
    kept = files.keep(tmp_path, "empty.txt", b"")

    assert kept.size == 0
    assert files.path_of(tmp_path, kept.sha256).read_bytes() == b""


def test_nothing_is_left_when_the_request_fails_half_way(tmp_path: Path) -> None:
    def break_off() -> None:
        with files.arrivals(tmp_path) as arriving:
            arriving.open("a.jpg").write(CONTENT)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        break_off()

    assert names_in(tmp_path) == set()


def test_files_that_were_not_asked_to_be_kept_are_dropped(tmp_path: Path) -> None:
    with files.arrivals(tmp_path) as arriving:
        arriving.open("a.jpg").write(CONTENT)

    assert names_in(tmp_path) == set()


def test_a_disk_that_fills_up_at_the_last_moment_keeps_none_of_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def full_at_the_second(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_at_the_second)

    with files.arrivals(tmp_path) as arriving:
        arriving.open("a.jpg").write(b"a" * 1000)
        arriving.open("b.jpg").write(b"b" * 1000)
        with pytest.raises(StoreFull):
            arriving.keep()

    assert names_in(tmp_path) == set()


def test_a_file_system_with_no_room_is_told(tmp_path: Path) -> None:
    # /dev/full is the kernel's own full disk: every write to it fails with ENOSPC.
    with files.arrivals(tmp_path) as arriving:
        full = arriving.open("a.jpg")
        full._stream.close()
        full._stream = Path("/dev/full").open("wb")  # noqa: SIM115

        with pytest.raises(StoreFull):
            full.write(b"a" * (1 << 20))

    assert names_in(tmp_path) == set()


def test_other_faults_of_the_disk_are_not_called_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)

    with pytest.raises(OSError, match="Input/output"):
        files.keep(tmp_path, "a.jpg", CONTENT)


def test_many_threads_may_bring_the_same_content(tmp_path: Path) -> None:
    kept: list[files.KeptFile] = []
    threads = [
        threading.Thread(target=lambda: kept.append(files.keep(tmp_path, "a", CONTENT)))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept) == 8
    assert len(names_in(tmp_path)) == 1


@pytest.mark.parametrize("name", ["", "../../secrets.json", "A" * 64, "ab/cd", "0" * 63 + "\n"])
def test_what_is_no_hash_has_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(Missing):
        files.path_of(tmp_path, name)


def test_leftovers_of_a_killed_program_are_cleared_but_not_what_arrives_now(tmp_path: Path) -> None:
    arriving = files.Arrivals(tmp_path)
    old = arriving.open("old.jpg").scratch
    new = arriving.open("new.jpg").scratch
    yesterday = datetime.now(UTC) - timedelta(days=1)
    os.utime(old, (yesterday.timestamp() - 60,) * 2)

    cleared = files.clear_leftovers(tmp_path, yesterday)

    assert (cleared, old.exists(), new.exists()) == (1, False, True)
    arriving.drop()
