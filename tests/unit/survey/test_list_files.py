"""Large lists kept as files: used while their hash stands, gone after an hour."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest

from server.survey import list_files

BLOCKS = [b"name,label,__version\r\n", b"a,b,1\r\n" * 60_000]


@pytest.mark.parametrize("is_squeezed", [False, True])
def test_a_large_list_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_squeezed: bool
) -> None:
    monkeypatch.setattr(list_files, "SMALLEST_BYTES", 500)
    folder = tmp_path / "lists"

    with list_files.write(folder, "ab", BLOCKS, lambda: True, is_squeezed=is_squeezed) as first:
        size = first.tell()
    again = list_files.kept(folder, "ab", is_squeezed=is_squeezed)

    assert again is not None
    with again:
        content = again.read()
    assert len(content) == size
    assert (gzip.decompress(content) if is_squeezed else content) == b"".join(BLOCKS)
    assert folder.stat().st_mode & 0o077 == 0


def test_small_lists_and_changing_ones_are_not_kept(tmp_path: Path) -> None:
    list_files.write(tmp_path, "ab", BLOCKS[:1], lambda: True, is_squeezed=False).close()
    list_files.write(tmp_path, "cd", BLOCKS, lambda: False, is_squeezed=False).close()

    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_list_that_failed_half_way(tmp_path: Path) -> None:
    def blocks() -> object:
        yield BLOCKS[0]
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="went away"):
        list_files.write(tmp_path, "ab", blocks(), lambda: True, is_squeezed=True)  # type: ignore[arg-type]

    assert list(tmp_path.iterdir()) == []


def test_lists_nobody_asked_for_go(tmp_path: Path) -> None:
    for name in ("old", "used"):
        list_files.write(tmp_path, name, BLOCKS, lambda: True, is_squeezed=False).close()
        hours_ago = time.time() - 2 * list_files.KEPT_FOR_S
        os.utime(tmp_path / f"{name}.csv", (hours_ago, hours_ago))
    opened = list_files.kept(tmp_path, "used", is_squeezed=False)
    assert opened is not None
    opened.close()

    list_files.write(tmp_path, "new", BLOCKS, lambda: True, is_squeezed=False).close()

    assert sorted(one.name for one in tmp_path.iterdir()) == ["new.csv", "used.csv"]
