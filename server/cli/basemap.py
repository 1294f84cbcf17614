"""`doorstep basemap`: offline maps for phones and the site's own map, MBTiles or PMTiles."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli import options
from server.cli.options import say
from server.config import Settings
from server.survey import base_maps
from server.survey.areas import WHOLE_SITE


@click.group()
def basemap() -> None:
    """Add, list, remove offline maps: one MBTiles or PMTiles file an area."""


@basemap.command(
    epilog=options.examples(
        "doorstep basemap add county.mbtiles --area 130921",
        "doorstep basemap add gaochuan.mbtiles --area 130921211 --name 高川乡",
    )
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--area", required=True, metavar="CODE", help="The division whose phones get it.")
@click.option("--name", default="", help="As people call it. Default: what the file says.")
@options.on_site
def add(settings: Settings, file: Path, area: str, name: str) -> None:
    """Check a map and keep it; it takes the place of the area's older one."""
    with options.opened(settings) as site:
        with options.reading(site) as session:
            base_maps.known_area(session, area, WHOLE_SITE)
        with file.open("rb") as content:
            kept, told = base_maps.keep(
                settings.folder, file.name, content, settings.base_map_limit_bytes
            )
        with options.writing(site) as session:
            who = options.shell_user()
            number = base_maps.add(session, kept, told, area, name, who, WHOLE_SITE)
            options.note(session, "base_map_added", kept.name, area=area, bytes=kept.size)
        with options.reading(site) as session:
            base_maps.clear_unused(session, settings.folder)
            added = base_maps.find(session, number, WHOLE_SITE)
    click.echo(
        say("Base map %(name)s is there, number %(number)s.", name=added.name, number=number)
    )
    if not added.is_raster:
        click.echo(say("phones only: not drawn here"))
    if not added.is_for_phones:
        click.echo(say("the map here only: phones cannot draw it"))


@basemap.command("list", epilog=options.examples("doorstep basemap list --json"))
@options.as_json
@options.on_site
def list_maps(settings: Settings, as_json: bool) -> None:
    """List the maps with their areas."""
    with options.opened(settings) as site, options.reading(site) as session:
        listed = base_maps.listed(session, WHOLE_SITE)
    if as_json:
        options.print_json(
            [
                {
                    "id": one.id,
                    "area": one.area_code,
                    "name": one.name,
                    "tile_type": one.tile_type,
                    "zoom": [one.smallest_zoom, one.largest_zoom],
                    "box": one.box._asdict(),
                    "size": one.size,
                    "for_phones": one.is_for_phones,
                    "villages_covered": one.covered,
                    "villages_placed": one.placed,
                }
                for one in listed
            ]
        )
        return
    for one in listed:
        zooms = f"{one.smallest_zoom}-{one.largest_zoom}"
        click.echo(f"{one.id}\t{one.area_code}\t{one.name}\t{one.tile_type}\t{zooms}\t{one.size}")


@basemap.command(epilog=options.examples("doorstep basemap remove 2"))
@click.argument("number", type=int)
@options.on_site
def remove(settings: Settings, number: int) -> None:
    """Take a map out of use. Phones that have it keep it."""
    with options.opened(settings) as site:
        with options.writing(site) as session:
            found = base_maps.find(session, number, WHOLE_SITE)
            base_maps.remove(session, number, WHOLE_SITE)
            options.note(session, "base_map_removed", found.file_name, area=found.area_code)
        with options.reading(site) as session:
            base_maps.clear_unused(session, settings.folder)
    click.echo(say("%(name)s is removed.", name=found.name))
