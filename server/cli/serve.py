"""`doorstep serve`: prepares the site, tells where it is, and runs the processes that answer."""

from __future__ import annotations

import dataclasses
import errno
import os
import socket
import sys
from datetime import UTC, datetime, timedelta

import click
import segno
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels

from server.cli import options, rebuild
from server.cli.options import say
from server.config import Settings
from server.survey import addresses, base_maps, credentials, files, first_run, leftovers

# An upload over a bad link holds a thread for minutes; a thread that waits costs next to nothing.
THREADS = 64
# Connections, idle ones of browsers included; more wait in the kernel.
MOST_CONNECTIONS = 1024
STOP_SECONDS = 10
# No upload takes so long: an unfinished file this old was left by a process that was killed.
LONGEST_UPLOAD = timedelta(days=1)


@click.command(
    epilog=options.examples(
        "doorstep serve",
        "doorstep serve --host 127.0.0.1 --port 8080 --data /srv/county --workers 2",
        "doorstep serve --database postgresql://doorstep@localhost/county",
    )
)
@click.option("--host", metavar="H", help="Address to listen on. Default: DOORSTEP_HOST, 0.0.0.0.")
@click.option("--port", type=click.IntRange(1, 65535), help="Default: DOORSTEP_PORT, else 8080.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    help="Processes. Default: DOORSTEP_WORKERS, else one a core, at most two.",
)
@options.on_site
def serve(settings: Settings, host: str | None, port: int | None, workers: int | None) -> None:
    """Start the server; Ctrl-C stops it, and answers first what it has begun.

    The first start makes the folder, the database and an administrator, whose link is printed.
    """
    settings = dataclasses.replace(
        settings,
        host=host or settings.host,
        port=port or settings.port,
        workers=workers or settings.workers,
    )
    _check_address(settings)
    with options.opened(settings) as site:
        yesterday = datetime.now(UTC) - LONGEST_UPLOAD
        for folder in (settings.files, base_maps.folder_of(settings.folder)):
            files.clear_leftovers(folder, yesterday)
        leftovers.sweep(site, yesterday)
        first = first_run.prepare(site)
        # What was kept when the power went, or all after an upgrade that reads differently.
        rebuild.catch_up(site)
    addresses.remember(settings)
    _greet(settings, first)
    _run(settings)


def _check_address(settings: Settings) -> None:
    """Raise when nobody can listen there: the server itself would share a port in use unseen."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((settings.host, settings.port))
        except OSError as error:
            raise click.ClickException(_address_words(settings, error)) from error


def _address_words(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return say(
            "Port %(port)s is in use: another program, or this site already, listens there. "
            "Stop it, or choose another with --port.",
            port=settings.port,
        )
    return say(
        "Nobody can listen on %(host)s, port %(port)s: %(fault)s",
        host=settings.host,
        port=settings.port,
        fault=error.strerror or error,
    )


def _greet(settings: Settings, first: first_run.FirstRun) -> None:
    """Print where the site is and, until it was used, the administrator's link."""
    address, *others = addresses.site_addresses(settings)
    if first.forms:
        click.echo(say("A new site in %(folder)s.", folder=settings.folder))
        click.echo(say("Forms published: %(forms)s", forms=", ".join(first.forms)))
    if sys.stdout.isatty() or first.forms:
        segno.make(address, error="l", micro=False).terminal(compact=True, border=2)
    click.echo(say("For browsers and phones: %(address)s", address=address))
    for other in others:
        click.echo(say("or %(address)s", address=other))
    if first.link_token:
        click.echo(
            say(
                "Administrator: open this once within %(days)s days to choose a password.",
                days=credentials.LINK_DAYS,
            )
        )
        click.echo(f"  {address}/welcome/{first.link_token}")
    sys.stdout.flush()


def _run(settings: Settings) -> None:
    """Run the processes until somebody stops them. Each opens the site by the environment."""
    os.environ.update(
        DOORSTEP_DATA=str(settings.folder),
        DOORSTEP_DATABASE=settings.database,
        DOORSTEP_HOST=settings.host,
        DOORSTEP_PORT=str(settings.port),
        DOORSTEP_WORKERS=str(settings.workers),
    )
    Granian(
        "server.wsgi:load",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        loop=Loops.asyncio,
        websockets=False,
        workers=settings.worker_count,
        blocking_threads=THREADS,
        backpressure=MOST_CONNECTIONS,
        respawn_failed_workers=True,
        workers_kill_timeout=STOP_SECONDS,
        # Addresses hold phones' tokens and one-time links, so there is no access log.
        log_access=False,
        # One level higher it warns of many threads; they wait for phones and disk, not for a core.
        log_level=LogLevels.error,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
    ).serve()
