"""`doorstep form`: what phones ask, published and looked after from the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy.orm import Session

from forms import mapping as form_mapping
from forms import validate
from forms.faults import Fault, FormProblem
from forms.source import FormSource
from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import (
    files,
    form_downloads,
    form_files,
    form_mappings,
    form_overview,
    form_versions,
    publishing,
    replay,
)
from server.survey.areas import WHOLE_SITE
from server.survey.first_run import PROJECT
from server.survey.form_mappings import FaultyForm
from server.survey.publishing import Prepared
from server.survey.site import Site

WHO = "doorstep"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FORM = click.Path(exists=True, path_type=Path)
_OUT = click.Path(path_type=Path)


@click.group()
def form() -> None:
    """Publish forms, check them, open and close them, take them away to work on."""


@form.command(
    epilog=options.examples(
        "doorstep form publish visit.xlsx",
        "doorstep form publish forms/visit/ --json",
        "doorstep form publish visit.xlsx --mapping mapping.csv --attach logo.png",
    )
)
@click.argument("file", type=_FORM)
@click.option("--mapping", type=_FILE, help="What the questions mean: CSV path, concept, values.")
@click.option(
    "--attach", "attached", type=_FILE, multiple=True, help="A picture or list the form needs."
)
@options.as_json
@options.on_site
def publish(
    settings: Settings, file: Path, mapping: Path | None, attached: tuple[Path, ...], as_json: bool
) -> None:
    """Publish FILE: an XLSForm (.xlsx, .xls, .csv, .md), an XForm, a zip or a folder of sheets.

    The same form again changes nothing; another form under a published version is refused.
    """
    prepared = prepared_from(file, mapping, as_json)
    refusals = java_says(prepared)
    brought = {one.name: one.read_bytes() for one in attached}
    with options.opened(settings) as site:
        with options.writing(site) as session:
            done = publishing.publish_prepared(session, PROJECT, prepared, WHO)
            beside = (session, settings.files, PROJECT, done.form_id)
            form_files.attach_all(*beside, prepared.files)
            warnings = (*done.warnings, *form_files.attach_all(*beside, brought))
            options.note(
                session, "form_published", done.form_id, version=done.version, is_new=done.is_new
            )
            overview = form_overview.overview(session, PROJECT, done.form_id)
        catch_up(site, done.waiting, as_json)
    if as_json:
        options.print_json(
            {
                "form_id": done.form_id,
                "version": done.version,
                "title": done.title,
                "is_new": done.is_new,
                "warnings": _as_told(warnings),
                "odk_validate": None if refusals is None else _as_told(refusals),
                "missing_files": overview.missing_files,
                "submissions_read_anew": done.waiting,
            }
        )
        return
    tell(warnings)
    tell(refusals or ())
    if overview.missing_files:
        names = ", ".join(overview.missing_files)
        click.echo(
            say("Phones get the form without these files: %(names)s.", names=names), err=True
        )
    words = (
        "%(title)s (%(form_id)s), version “%(version)s”, is published."
        if done.is_new
        else "%(title)s (%(form_id)s), version “%(version)s”, was published already."
    )
    click.echo(say(words, title=done.title, form_id=done.form_id, version=done.version))


@form.command(epilog=options.examples("doorstep form check visit.xlsx"))
@click.argument("file", type=_FORM)
@click.option("--mapping", type=_FILE, help="What the questions mean: CSV path, concept, values.")
@options.as_json
def check(file: Path, mapping: Path | None, as_json: bool) -> None:
    """Compile FILE and ask ODK Validate where Java is installed; publishes nothing."""
    prepared = prepared_from(file, mapping, as_json)
    refusals = java_says(prepared)
    made = prepared.form
    if as_json:
        options.print_json(
            {
                "form_id": made.form_id,
                "version": made.version,
                "title": made.title,
                "warnings": _as_told(prepared.warnings),
                "odk_validate": None if refusals is None else _as_told(refusals),
                "faults": [],
            }
        )
    else:
        tell(prepared.warnings)
        tell(refusals or ())
        if refusals is None:
            click.echo(say("ODK Validate was not asked: there is no Java here."), err=True)
    if refusals:
        raise click.ClickException(say("ODK Validate refuses the form: phones would do so too."))
    if not as_json:
        count = len(made.fields)
        click.echo(
            say("%(form_id)s compiles: %(count)s fields.", form_id=made.form_id, count=count)
        )


@form.command("list", epilog=options.examples("doorstep form list", "doorstep form list --json"))
@options.as_json
@options.on_site
def list_forms(settings: Settings, as_json: bool) -> None:
    """List all forms with their current version and state."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = form_versions.current_forms(session, PROJECT)
        sent = form_overview.sent_by_form(session, WHOLE_SITE)
    rows: list[dict[str, Any]] = [
        {
            "form_id": one.form_id,
            "title": one.title,
            "version": one.version,
            "state": one.state,
            "questions": one.questions,
            "has_mapping": one.has_mapping,
            "published_at": one.published_at.isoformat(),
            "submissions": sent[one.form_id].submissions if one.form_id in sent else 0,
        }
        for one in listed
    ]
    if as_json:
        options.print_json(rows)
        return
    for row in rows:
        told = (row[name] for name in ("form_id", "version", "state", "submissions", "title"))
        click.echo("\t".join(map(str, told)))


@form.command(epilog=options.examples("doorstep form state household_roster closing"))
@click.argument("form_id", metavar="FORM")
@click.argument("state", type=click.Choice(publishing.STATES))
@options.on_site
def state(settings: Settings, form_id: str, state: str) -> None:
    """Make FORM open, closing (still accepted, no longer given to phones) or closed."""
    with options.opened(settings) as site, options.writing(site) as session:
        publishing.set_state(session, PROJECT, form_id, state)
        options.note(session, "form_state", form_id, state=state)
    click.echo(say("%(form_id)s is %(state)s now.", form_id=form_id, state=state))


@form.command(
    epilog=options.examples(
        "doorstep form mapping county_visit mapping.csv",
        "doorstep form mapping county_visit --remove",
    )
)
@click.argument("form_id", metavar="FORM")
@click.argument("file", type=_FILE, required=False)
@click.option("--remove", is_flag=True, help="Take the mapping away.")
@options.on_site
def mapping(settings: Settings, form_id: str, file: Path | None, remove: bool) -> None:
    """Lay FILE (CSV path, concept, values) beside FORM and read its submissions anew."""
    if (file is None) != remove:
        raise click.UsageError(say("Give either a file or --remove."))
    content = None if file is None else file.read_bytes()
    with options.opened(settings) as site:
        try:
            with options.writing(site) as session:
                done = form_mappings.set_mapping(session, PROJECT, form_id, content)
                options.note(session, "form_mapping", form_id, is_removed=remove)
        except FaultyForm as faulty:
            _refuse(faulty.faults, False)
        catch_up(site, done.waiting, False)
    tell(done.doubts)
    words = "%(form_id)s has no mapping now." if remove else "%(form_id)s has a new mapping."
    click.echo(say(words, form_id=form_id))


@form.command(
    epilog=options.examples(
        "doorstep form download household_roster --xlsx roster.xlsx",
        "doorstep form download household_roster --folder roster/",
    )
)
@click.argument("form_id", metavar="FORM")
@click.option("--version", help="An older version; default: the current one.")
@click.option("--xlsx", type=_OUT, help="Write a workbook for Excel.")
@click.option("--xml", type=_OUT, help="Write the XForm as phones are given it.")
@click.option("--folder", type=_OUT, help="Write the sheets as CSV, with mapping and files.")
@options.on_site
def download(
    settings: Settings,
    form_id: str,
    version: str | None,
    xlsx: Path | None,
    xml: Path | None,
    folder: Path | None,
) -> None:
    """Write FORM to a file or folder, to work on it or to keep it."""
    if not (xlsx or xml or folder):
        raise click.UsageError(say("Say what to write: --xlsx, --xml or --folder."))
    with options.opened(settings) as site, options.reading(site) as session:
        name, source = form_versions.form_source(session, PROJECT, form_id, version)
        if xlsx:
            xlsx.write_bytes(form_downloads.as_xlsx(name, source))
        if xml:
            xml.write_bytes(form_versions.form_xml(session, PROJECT, form_id, version))
        if folder:
            folder.mkdir(parents=True, exist_ok=True)
            for sheet, content in form_downloads.as_folder(name, source):
                (folder / sheet).write_bytes(content)
            _write_beside(session, settings, form_id, folder)
    written = ", ".join(str(place) for place in (xlsx, xml, folder) if place)
    click.echo(say("Written: %(names)s", names=written))


def _write_beside(session: Session, settings: Settings, form_id: str, folder: Path) -> None:
    """Write the mapping and the uploaded files of a form into a folder."""
    beside = form_mappings.mapping_of(session, PROJECT, form_id)
    if beside is not None:
        (folder / form_mapping.FILE).write_text(beside, encoding="utf-8")
    for one in form_files.expected_files(session, PROJECT, form_id):
        if one.origin == "uploaded":
            kept = files.path_of(settings.files, one.sha256)
            # A form may ask for any name: only its last part is one for this disk.
            (folder / Path(one.name).name).write_bytes(kept.read_bytes())


def prepared_from(file: Path, mapping: Path | None, as_json: bool) -> Prepared:
    """Compile a file or folder; tells its faults and ends the program when it has some."""
    try:
        source = FormSource.of_path(file)
        if mapping is not None:
            beside = {form_mapping.FILE: mapping.read_bytes()}
            source = replace(source, files={**source.files, **beside})
        return publishing.prepare(source)
    except FormProblem as problem:
        _refuse(problem.faults, as_json)
    except FaultyForm as faulty:
        _refuse(faulty.faults, as_json)


def _refuse(faults: Sequence[Fault], as_json: bool) -> NoReturn:
    if as_json:
        options.print_json({"faults": _as_told(faults)})
    else:
        tell(faults)
    raise click.ClickException(say("The form has faults: %(count)s.", count=len(faults)))


def java_says(prepared: Prepared) -> list[Fault] | None:
    """Return what ODK Validate has against a form, None without Java."""
    if validate.java() is None:
        return None
    return validate.validate_with_java(prepared.form.xml)


def catch_up(site: Site, waiting: int, as_json: bool) -> None:
    """Read anew what waits, with a progress bar for people."""
    if not waiting:
        return
    if as_json:
        replay.catch_up(site)
        return
    label = say("Reading submissions anew")
    with click.progressbar(length=waiting, label=label, file=sys.stderr) as bar:
        replay.catch_up(site, lambda done: bar.update(done - bar.pos))


def tell(faults: Sequence[Fault]) -> None:
    """Print faults with their places, beside the result."""
    for fault in faults:
        words = say(fault.msgid, **fault.params)
        click.echo(f"{fault.place}: {words}" if fault.place else words, err=True)


def _as_told(faults: Sequence[Fault]) -> list[dict[str, Any]]:
    return [
        {
            "words": say(fault.msgid, **fault.params),
            "sheet": fault.sheet,
            "row": fault.row,
            "column": fault.column,
            "cell": fault.cell,
        }
        for fault in faults
    ]
