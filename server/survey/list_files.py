"""Large entity lists, kept as files for an hour under the hash that stands for their rows.

A list of 100,000 rows takes seconds to put together and squeeze; the phones that share it then
get it as fast as any file (bench: lists). The hash changes whenever a row does, so that what is
kept is never out of date.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

# Smaller lists are quickly made; most phones' are.
SMALLEST_BYTES = 250_000
KEPT_FOR_S = 3600
_LEVEL = 5


def kept(folder: Path, digest: str, *, is_squeezed: bool) -> IO[bytes] | None:
    """Return a kept list, opened; None when it is not kept."""
    place = _place(folder, digest, is_squeezed)
    try:
        opened = place.open("rb")
        os.utime(place)  # It is of use: it stays for another hour.
    except FileNotFoundError:
        return None
    return opened


def write(
    folder: Path,
    digest: str,
    blocks: Iterable[bytes],
    is_still: Callable[[], bool],
    *,
    is_squeezed: bool,
) -> IO[bytes]:
    """Write a list whole and return it, opened at its end; it is kept when it is large.

    `is_still` says that the hash is what it was before: on PostgreSQL rows may have changed while
    they were read. A list that is not kept is gone when it is closed.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    _drop_old(folder)
    handle, name = tempfile.mkstemp(dir=folder)
    opened, scratch = os.fdopen(handle, "w+b"), Path(name)
    try:
        if is_squeezed:
            with gzip.GzipFile(
                fileobj=opened, mode="wb", compresslevel=_LEVEL, mtime=0
            ) as squeezed:
                squeezed.writelines(blocks)
        else:
            opened.writelines(blocks)
        opened.flush()
        if opened.tell() >= SMALLEST_BYTES and is_still():
            scratch.rename(_place(folder, digest, is_squeezed))
        else:
            scratch.unlink()
    except BaseException:
        opened.close()
        scratch.unlink(missing_ok=True)
        raise
    return opened


def _place(folder: Path, digest: str, is_squeezed: bool) -> Path:
    return folder / f"{digest}.csv{'.gz' if is_squeezed else ''}"


def _drop_old(folder: Path) -> None:
    oldest = time.time() - KEPT_FOR_S
    for place in folder.iterdir():
        try:
            if place.stat().st_mtime < oldest:
                place.unlink()
        except FileNotFoundError:
            continue  # Another process was faster.
