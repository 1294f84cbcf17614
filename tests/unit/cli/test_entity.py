"""doorstep entity: the lists, and what waits too long."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from server.cli.main import main
from tests.houses import BRANCH, HOUSES, house_xml, receive
from tests.phone_site import open_phone_site


def test_lists_are_told_and_what_waits_is_forced(tmp_path: Path, database_url: str) -> None:
    """F18: by hand."""
    site = open_phone_site(tmp_path / "site", database_url, HOUSES)
    receive(site, house_xml("uuid:1", "update", "blue", base=2, branch=BRANCH))
    site.close()
    where = ["--data", str(tmp_path / "site"), "--database", database_url]

    before = json.loads(CliRunner().invoke(main, ["entity", "list", "--json", *where]).output)
    forced = CliRunner().invoke(main, ["entity", "force", "--days", "0", *where])
    after = CliRunner().invoke(main, ["entity", "list", *where])

    assert before["waiting"] == {"held": 1, "waiting": 0, "faults": 0}
    assert {"name": "houses", "entities": 0, "conflicts": 0} in before["lists"]
    assert "1" in forced.output
    assert after.exit_code == 0
    assert any(line.split() == ["houses", "1"] for line in after.output.splitlines())
