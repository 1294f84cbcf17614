"""Files that people take out come whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.web.downloads import whole_file

PIECE = b"a,b\r\n" * 20_000


def test_a_large_file_goes_out_with_its_length_and_all_its_pieces() -> None:
    answer = whole_file([PIECE] * 30, "csv", "villages", "村")

    assert answer.content_length == 30 * len(PIECE)
    assert b"".join(answer.iter_encoded()) == PIECE * 30
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"villages.csv\"; filename*=UTF-8''%E6%9D%91.csv"
    )
    answer.close()


def test_a_file_that_cannot_be_made_to_its_end_does_not_go_out() -> None:
    def pieces() -> Iterator[bytes]:
        yield PIECE * 30
        raise OSError("the database went away")

    with pytest.raises(OSError, match="went away"):
        whole_file(pieces(), "csv", "villages")
