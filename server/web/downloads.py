"""Files that people take out: sent only once they are whole.

The server in front of us ends an answer that fails half-way as if it were whole: half a list would
look like a short one. So a file is written to the disk first, beyond a few megabytes, and goes out
with its length.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast
from urllib.parse import quote

from flask import Response
from werkzeug.wsgi import FileWrapper

MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "zip": "application/zip",
    "svg": "image/svg+xml",
    "png": "image/png",
}
_IN_MEMORY_BYTES = 2_000_000
_BLOCK_BYTES = 65_536


def whole_file(
    pieces: Iterable[bytes],
    kind: str,
    plain_name: str,
    name: str = "",
    *,
    folder: Path | None = None,
) -> Response:
    """Return a file of the pieces, once all are there; flat in memory.

    `plain_name` (ASCII) and `name`, both without their ending, are what it is saved as. Until it is
    sent it lies in `folder` without a name; None is the machine's own place, often memory. Raises
    what the pieces raise, and then nothing has gone out.
    """
    with ExitStack() as until_sent:
        spool = until_sent.enter_context(
            tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES, dir=str(folder) if folder else None)
        )
        spool.writelines(pieces)
        size = spool.tell()
        spool.seek(io.SEEK_SET)
        if size <= _IN_MEMORY_BYTES:  # What is small, the door can gzip.
            answer = Response(spool.read(), content_type=MEDIA[kind])
        else:
            sent = FileWrapper(cast("IO[bytes]", spool), _BLOCK_BYTES)
            answer = Response(sent, content_type=MEDIA[kind], direct_passthrough=True)
            answer.content_length = size
            answer.call_on_close(until_sent.pop_all().close)
    shown = f'attachment; filename="{plain_name}.{kind}"'
    if name:
        shown += f"; filename*=UTF-8''{quote(f'{name}.{kind}')}"
    answer.headers["Content-Disposition"] = shown
    return answer
