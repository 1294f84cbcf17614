"""`doorstep export`: coverage, clinics and treatment lists as files."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import click

from exports import files
from exports.table import Table
from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import batches, clinic_table, clinics, coverage_table, extracts, indicators
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site

_KINDS = {".csv": "csv", ".xlsx": "xlsx"}
_OUT = click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
_LANGUAGE = click.option(
    "--language", type=click.Choice(["zh", "en"]), help="Default: the terminal's."
)


@click.group(
    epilog=options.examples(
        "doorstep export coverage coverage.xlsx",
        "doorstep export clinics clinics.csv --language zh",
        'doorstep export batch 4 batch-4.xlsx --full --reason "to the county hospital"',
    )
)
def export() -> None:
    """Write coverage, clinics or a treatment list into a .csv or .xlsx file.

    The ending of the file says which. `-` writes CSV to the terminal.
    """


@export.command()
@_OUT
@_LANGUAGE
@options.on_site
def coverage(settings: Settings, out: Path, language: str | None) -> None:
    """Write the figures of every village."""
    with options.opened(settings) as site:
        with options.reading(site) as session:
            villages = indicators.coverage_by_village(session, WHOLE_SITE, _today(site))
        spoken = language or options.spoken()
        table = coverage_table.coverage_table(villages, say("Villages"), (), spoken)
        _leave(site, "villages_taken", "villages", rows=len(villages))
        _write(out, [table], spoken)


@export.command("clinics")
@_OUT
@_LANGUAGE
@options.on_site
def clinic_list(settings: Settings, out: Path, language: str | None) -> None:
    """Write the latest audit of every clinic; one without an audit has empty cells."""
    with options.opened(settings) as site:
        with options.reading(site) as session:
            scores = clinics.scores(session, WHOLE_SITE, _today(site))
        spoken = language or options.spoken()
        _leave(site, "clinics_taken", "clinics", rows=len(scores))
        _write(out, [clinic_table.clinic_table(scores, say("Clinics"), spoken)], spoken)


@export.command()
@click.argument("number", type=int)
@_OUT
@click.option("--full", is_flag=True, help="With full names and numbers; wants --reason.")
@click.option("--reason", default="", help="Why full names are needed; the journal keeps it.")
@_LANGUAGE
@options.on_site
def batch(
    settings: Settings, number: int, out: Path, full: bool, reason: str, language: str | None
) -> None:
    """Write a numbered treatment list, masked unless --full."""
    if full and not reason.strip():
        raise click.UsageError(say("--full wants a --reason."))
    spoken = language or options.spoken()
    with options.opened(settings) as site, options.reading(site) as session:
        found = batches.batch(session, number, WHOLE_SITE)
        told = reason.strip() if full else ""
        _leave(
            site, "batch_taken", f"batch {number}", persons=found.persons, masked=not full,
            reason=told,
        )  # fmt: skip
        taking = extracts.Taking(options.shell_user(), datetime.now(UTC), told)
        lines = batches.entries(session, number, WHOLE_SITE)
        _write(out, extracts.batch_tables(found, lines, (), taking, spoken, settings.zone), spoken)


def _today(site: Site) -> date:
    return datetime.now(UTC).astimezone(site.settings.zone).date()


def _leave(site: Site, action: str, subject: str, **detail: object) -> None:
    """Note in the journal what leaves, before it does."""
    with options.writing(site) as session:
        options.note(session, action, subject, **detail)


def _write(out: Path, tables: list[Table], language: str) -> None:
    is_terminal = str(out) == "-"
    kind = "csv" if is_terminal else _KINDS.get(out.suffix.lower())
    if kind is None:
        raise click.UsageError(say("The file's name must end with .csv or .xlsx."))
    pieces: Iterable[bytes] = files.xlsx(tables, language)
    if kind == "csv":
        pieces = files.csv(tables[0], language, bom=not is_terminal, whole_digits=not is_terminal)
    target = nullcontext(sys.stdout.buffer) if is_terminal else out.open("wb")
    with target as stream:
        for piece in _counted(pieces):
            stream.write(piece)
    if not is_terminal:
        click.echo(say("%(file)s is written.", file=out))


def _counted(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Show on a terminal that something is happening; a file of this kind has no known length."""
    with click.progressbar(pieces, label=say("Writing"), file=sys.stderr) as shown:
        yield from shown
