"""`doorstep export encrypted`: a form's encrypted answers, decrypted while they are written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from exports import files
from forms.encryption import EncryptionFault
from forms.problems import SubmissionProblem
from server.cli import options
from server.cli.key import typed_passphrase
from server.cli.options import say
from server.config import Settings
from server.survey import decrypted_files, decrypted_records, decrypted_tables, encryption_keys
from server.survey.areas import WHOLE_SITE
from server.survey.decrypted_records import Taking
from server.survey.first_run import PROJECT
from server.survey.site import Site


@click.command(
    "encrypted",
    epilog=options.examples(
        "doorstep export encrypted disease_screening answers.xlsx --key 3 --reason audit",
        "doorstep export encrypted disease_screening answers.zip --key 3 --reason audit "
        "--passphrase-stdin < passphrase.txt",
    ),
)
@click.argument("form_id")
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--key", "number", type=int, required=True, help="The key's number.")
@click.option("--reason", required=True, help="Why they are needed; the journal keeps it.")
@click.option(
    "--passphrase-stdin",
    is_flag=True,
    help="Read the passphrase from standard input; else it is asked for.",
)
@click.option("--language", type=click.Choice(["zh", "en"]), help="Default: the terminal's.")
@options.on_site
def encrypted(
    settings: Settings,
    form_id: str,
    out: Path,
    number: int,
    reason: str,
    passphrase_stdin: bool,
    language: str | None,
) -> None:
    """Write the encrypted answers of a form: .xlsx, .csv.zip, or .zip with XML and photos."""
    if not out.name.lower().endswith((".xlsx", ".zip")):
        raise click.UsageError(say("The file's name must end with .xlsx, .csv.zip or .zip."))
    spoken = language or options.spoken()
    passphrase = typed_passphrase(passphrase_stdin)
    with options.opened(settings) as site:
        with options.reading(site) as session:
            private = encryption_keys.open_key(session, PROJECT, number, passphrase)
            records = decrypted_records.count(session, PROJECT, form_id, WHOLE_SITE)
        taking = Taking(PROJECT, form_id, WHOLE_SITE, private, spoken)
        pieces = _pieces(site, taking, out.name.lower())
        with options.writing(site) as session:
            options.note(
                session, "form_decrypted", form_id, kind=out.suffix, records=records, reason=reason
            )
        with out.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
    click.echo(say("%(file)s is written.", file=out))


def _pieces(site: Site, taking: Taking, name: str) -> Iterator[bytes]:
    if name.endswith(".zip") and not name.endswith(".csv.zip"):
        return decrypted_files.files_zip(site, taking, _words)
    tables = decrypted_tables.tables(site, taking)
    writer = files.xlsx if name.endswith(".xlsx") else files.zipped_csv
    return writer(tables, taking.language)


def _words(fault: EncryptionFault | SubmissionProblem) -> str:
    return say(fault.msgid, **fault.params)
