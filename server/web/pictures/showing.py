"""What templates ask of pictures: the drawing itself, and its table in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from flask import Flask, url_for
from markupsafe import Markup

from exports.pictures import canvas
from exports.pictures.canvas import Picture
from server.web.pictures.asked import Asked, shown


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head, and whether its cells line up at their end."""

    label: str
    side: str


def set_up(app: Flask) -> None:
    """Give the templates of `app` what they show pictures with."""
    app.jinja_env.filters["inline"] = _inline
    app.jinja_env.globals.update(
        picture_columns=_columns, picture_rows=_rows, picture_address=address
    )


def _inline(one: Picture) -> Markup:
    # Everything told in it was escaped where it was drawn.
    return Markup(canvas.inline(one))  # noqa: S704


def _columns(one: Picture) -> list[Head]:
    return [
        Head(next(iter(column.labels.values())), "" if column.kind in ("text", "date") else "num")
        for column in one.table.columns
    ]


def _rows(one: Picture, most: int) -> list[list[str]]:
    columns = one.table.columns
    return [
        [shown(column, cell) for column, cell in zip(columns, row, strict=True)]
        for row in islice(one.table.rows, most)
    ]


def address(
    name: str, asked: Asked, is_of_workers: bool = False, indicator: str = ""
) -> Callable[[str], str]:
    """Return what gives a picture's address as a file of a kind."""
    endpoint = "charts.of_worker" if is_of_workers else "charts.of_area"
    said = {"area": asked.area, "phone": asked.phone_id, "indicator": indicator}
    places = {key: value for key, value in said.items() if value}
    return lambda kind: url_for(endpoint, name=name, kind=kind, **places)  # type: ignore[arg-type]
