"""Keys and encrypted answers on the command line, the passphrase by standard input alone."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from server.cli.main import main
from server.config import Settings
from server.survey.site import open_site
from tests.sealed_site import answers_xml, open_sealed, sealed, send
from tests.sealing import PASSPHRASE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a site with one encrypted record."""
    site = open_site(Settings.read({}, str(tmp_path / "site")))
    open_sealed(site)
    send(site, sealed(site, "uuid:s1", answers_xml(site, "uuid:s1"), {"a.jpg": b"1"}))
    site.close()
    return tmp_path / "site"


def run(folder: Path, *words: str, typed: str = PASSPHRASE) -> Result:
    return CliRunner().invoke(
        main, [*words, "--data", str(folder)], input=f"{typed}\n", env={"LANG": "en_GB.UTF-8"}
    )


def test_a_key_is_made_listed_used_and_retired(folder: Path) -> None:
    made = run(folder, "key", "add", "Round 2", "--hint", "safe", "--passphrase-stdin")
    used = run(folder, "key", "use", "sealed", "2")
    listed = json.loads(run(folder, "key", "list", "--json").output)
    refused = run(folder, "key", "retire", "2")
    plain = run(folder, "key", "use", "sealed", "--plain")
    retired = run(folder, "key", "retire", "2")

    assert made.output == "Key 2, Round 2, is made.\n"
    assert "phones encrypt what they send" in used.output
    assert {one["name"]: one["forms"] for one in listed} == {"County": [], "Round 2": ["sealed"]}
    assert (refused.exit_code, "Switch them first" in refused.output) == (1, True)
    assert "answers come plain" in plain.output
    assert retired.exit_code == 0
    assert "Round 2\tretired" in run(folder, "key", "list").output


def test_a_weak_or_empty_passphrase_is_refused(folder: Path) -> None:
    weak = run(folder, "key", "add", "Weak", "--passphrase-stdin", typed="short")
    empty = run(folder, "key", "add", "Weak", "--passphrase-stdin", typed="")

    assert (weak.exit_code, empty.exit_code) == (1, 2)
    assert "at least 12" in weak.output


def test_a_form_is_used_with_a_key_or_plain_not_both(folder: Path) -> None:
    assert run(folder, "key", "use", "sealed").exit_code == 2
    assert run(folder, "key", "use", "sealed", "1", "--plain").exit_code == 2


@pytest.mark.parametrize("ending", ["xlsx", "csv.zip", "zip"])
def test_encrypted_answers_are_written(folder: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"answers.{ending}"

    done = run(
        folder, "export", "encrypted", "sealed", str(out),
        "--key", "1", "--reason", "audit", "--passphrase-stdin",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    with zipfile.ZipFile(out) as archive:
        held = b"".join(archive.read(name) for name in archive.namelist()).decode("utf-8", "ignore")
    assert "王小一" in held
    assert PASSPHRASE not in done.output


def test_a_wrong_passphrase_writes_nothing(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.zip"
    words = ("export", "encrypted", "sealed", str(out), "--key", "1", "--reason", "audit")

    wrong = run(folder, *words, "--passphrase-stdin", typed="wrong passphrase")
    named = run(folder, *(one.replace(".zip", ".txt") for one in words), "--passphrase-stdin")

    assert (wrong.exit_code, "does not open the key" in wrong.output) == (1, True)
    assert named.exit_code == 2
    assert not out.exists()


def test_a_key_leaves_locked_and_comes_in_elsewhere(folder: Path, tmp_path: Path) -> None:
    pem = tmp_path / "county.pem"
    other = tmp_path / "other site"

    saved = run(folder, "key", "save", "1", str(pem))
    wrong = run(
        other, "key", "bring", "Moved", str(pem), "--passphrase-stdin", typed="x" * 6 + PASSPHRASE
    )
    brought = run(other, "key", "bring", "Moved", str(pem), "--passphrase-stdin")

    assert saved.exit_code == 0
    assert (wrong.exit_code, brought.exit_code) == (1, 0)
    pair = serialization.load_pem_private_key(pem.read_bytes(), PASSPHRASE.encode())
    assert isinstance(pair, RSAPrivateKey)
    assert pair.key_size == 2048
    (moved,) = json.loads(run(other, "key", "list", "--json").output)
    (kept,) = json.loads(run(folder, "key", "list", "--json").output)
    assert moved["public_key"] == kept["public_key"]
    assert pem.stat().st_mode & 0o777 == 0o600
