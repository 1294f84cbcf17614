"""Pictures as PNG, for programs that do not take SVG: the same drawing, three times as fine.

The letters come along: Latin ones are those of reportlab, Chinese ones lie in `fonts`. So a file is
the same whatever letters the server's machine has.
"""

from __future__ import annotations

from importlib.resources import files

import reportlab
import resvg_py

from exports.pictures.canvas import Picture, standalone

FINENESS = 3
"""Pixels to a unit: about a thousand across, sharp on paper at half a page's width."""
_LATIN = str(files(reportlab).joinpath("fonts/Vera.ttf"))
_CHINESE = str(files("exports.pictures").joinpath("fonts/DroidSansFallbackFull.ttf"))
_FAMILY = "Bitstream Vera Sans"


def png(picture: Picture) -> bytes:
    """Return the picture as PNG on white. The same picture gives the same bytes."""
    return resvg_py.svg_to_bytes(
        svg_string=standalone(picture),
        zoom=FINENESS,
        skip_system_fonts=True,
        font_files=[_LATIN, _CHINESE],
        font_family=_FAMILY,
        sans_serif_family=_FAMILY,
    )
