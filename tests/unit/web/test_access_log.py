"""The network log: who asked for what, without secrets, a file a day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from server.app import make_app
from server.config import Settings
from server.survey.site import open_site
from server.web.access_log import AccessLog, without_secrets
from tests.phone_site import add_phone, client_of, open_phone_site, path

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def lines(folder: Path) -> list[str]:
    return [
        line
        for file in sorted((folder / "logs").glob("access-*.log"))
        for line in file.read_text("utf-8").splitlines()
    ]


# J9: tokens stand in no log.
def test_a_phone_is_logged_without_its_token(tmp_path: Path) -> None:
    site = open_phone_site(tmp_path, f"sqlite:///{tmp_path / 'doorstep.db'}", access_log_days=184)
    phone = add_phone(site)

    client_of(site).get(path(phone, "formList") + "?deviceID=collect%3Aabc")
    site.close()

    (line,) = lines(tmp_path)
    assert line.endswith(" 127.0.0.1 - GET /v1/key/***/projects/1/formList 200")
    assert phone.token not in line


def test_tokens_and_signs_that_begin_a_line_are_left_out() -> None:
    assert without_secrets("/welcome/abc.123") == "/welcome/***"
    assert without_secrets("/v1/test/abc/projects/1/formList") == (
        "/v1/test/***/projects/1/formList"
    )
    assert without_secrets("/basemaps/for-phones/Mg.abc.def/a.mbtiles") == (
        "/basemaps/for-phones/***/a.mbtiles"
    )
    assert without_secrets("/forms/a\nb c") == "/forms/a_b_c"


def test_a_file_a_day_and_old_ones_go(tmp_path: Path) -> None:
    kept = AccessLog(tmp_path, days=184)
    for name in ("access-2026-05-21.log", "access-2026-05-22.log", "notes.txt"):
        (tmp_path / name).write_text("x")

    kept.write(NOON, "first")
    kept.write(NOON.replace(day=23), "second")

    assert sorted(one.name for one in tmp_path.iterdir()) == [
        "access-2026-11-22.log",
        "access-2026-11-23.log",
        "notes.txt",
    ]
    assert (tmp_path / "access-2026-11-22.log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_fails_no_request(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")

    AccessLog(tmp_path / "logs", days=184).write(NOON, "lost")

    assert (tmp_path / "logs").is_file()


def test_without_the_setting_nothing_is_logged(tmp_path: Path) -> None:
    site = open_site(Settings.read({}, str(tmp_path)))

    make_app(site).test_client().get("/sign-in")
    site.close()

    assert lines(tmp_path) == []
