"""Long files on their way through a page: written into the data folder, not into memory or /tmp."""

from __future__ import annotations

import io
import tempfile
from typing import IO

from flask import Request, current_app

_IN_MEMORY_BYTES = 500_000


class PageRequest(Request):
    """A request whose long files wait in the site's own folder, and are gone with the request."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        if total_content_length is not None and total_content_length <= _IN_MEMORY_BYTES:
            return io.BytesIO()
        folder = current_app.extensions["site"].settings.folder / "incoming"
        folder.mkdir(mode=0o700, exist_ok=True)
        # Without a name on disk: nothing is left of it whatever ends the program.
        return tempfile.TemporaryFile(dir=folder)
