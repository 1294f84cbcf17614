"""A form as large and varied as real ones get: 600 questions, everything XLSForm can ask."""

from __future__ import annotations

from collections.abc import Iterator

from forms.source import FormSource
from forms.spreadsheet import workbook_bytes
from forms.workbook import Workbook, workbook

Row = dict[str, str]

HEADINGS = (
    "type",
    "name",
    "label::中文 (zh)",
    "label::English (en)",
    "hint::中文 (zh)",
    "hint::English (en)",
    "media::image::中文 (zh)",
    "media::image::English (en)",
    "media::audio::中文 (zh)",
    "media::audio::English (en)",
    "required",
    "relevant",
    "constraint",
    "calculation",
    "choice_filter",
    "appearance",
    "default",
    "repeat_count",
    "parameters",
)
CHOICE_HEADINGS = (
    "list_name",
    "name",
    "label::中文 (zh)",
    "label::English (en)",
    "media::image::中文 (zh)",
    "media::image::English (en)",
    "county",
    "township",
)

FILES = {
    "shops.csv": b"name,label,area\n1,One,a\n2,Two,b\n",
    "wells.geojson": b'{"type":"FeatureCollection","features":[{"type":"Feature","id":"w1",'
    b'"properties":{"title":"Well 1"},"geometry":{"type":"Point","coordinates":[104.5,31.9]}}]}',
    "roads.xml": b"<root><item><name>r1</name><label>Road 1</label></item></root>",
    "prices.csv": b"name,label,price\n1,Rice,3.5\n2,Salt,2\n",
    "logo.png": b"\x89PNG\r\n\x1a\n",
    "logo_en.png": b"\x89PNG\r\n\x1a\n",
    "ask.mp3": b"ID3",
    "ask_en.mp3": b"ID3",
    "yes.png": b"\x89PNG\r\n\x1a\n",
    "yes_en.png": b"\x89PNG\r\n\x1a\n",
}
"""The files the form expects, small but right."""


def large_workbook(questions: int = 600) -> Workbook:
    """Return the sheets of a form with about this many questions."""
    survey = [*_special(), *_plain(questions)]
    return workbook(
        [
            ("survey", _grid(HEADINGS, survey)),
            ("choices", _grid(CHOICE_HEADINGS, _choices())),
            (
                "settings",
                [
                    ["form_id", "form_title", "version", "default_language", "instance_name"],
                    ["large", "大表", "2026112201", "中文 (zh)", "concat('n', ${n_1})"],
                ],
            ),
        ]
    )


def large_form(questions: int = 600) -> FormSource:
    """Return the form as an .xlsx together with all files it expects."""
    return FormSource("large", {"large.xlsx": workbook_bytes(large_workbook(questions)), **FILES})


def _grid(headings: tuple[str, ...], rows: Iterator[Row] | list[Row]) -> list[list[str]]:
    return [list(headings), *([row.get(heading, "") for heading in headings] for row in rows)]


def _ask(kind: str, name: str, **more: str) -> Row:
    both = {"label::中文 (zh)": f"问题 {name}", "label::English (en)": f"Question {name}"}
    return {"type": kind, "name": name, **both, **more}


def _special() -> Iterator[Row]:
    """Yield one of everything that is not a plain question."""
    for kind in ("start", "end", "today", "username", "deviceid", "audit"):
        yield {"type": kind, "name": "audit" if kind == "audit" else kind}
    yield {"type": "start-geopoint", "name": "began_at"}
    yield {"type": "background-audio", "name": "sound"}
    yield {"type": "csv-external", "name": "prices"}
    yield from _media_and_lists()
    yield from _nested()
    yield from _table_of_selects()


def _media_and_lists() -> Iterator[Row]:
    spoken = {"media::audio::中文 (zh)": "ask.mp3", "media::audio::English (en)": "ask_en.mp3"}
    shown = {"media::image::中文 (zh)": "logo.png", "media::image::English (en)": "logo_en.png"}
    yield _ask("note", "welcome", **shown)
    yield _ask("text", "spoken", **spoken)
    yield _ask("select_one county", "county")
    yield _ask("select_one township", "township", choice_filter="county = ${county}")
    yield _ask("select_one village", "village", choice_filter="township = ${township}")
    yield _ask("select_one_from_file shops.csv", "shop", choice_filter="area = 'a'")
    yield _ask("select_one_from_file wells.geojson", "well", appearance="map")
    yield _ask("select_multiple_from_file roads.xml", "road")
    yield _ask("select_multiple yes_no or_other", "reasons")
    yield _ask("rank yes_no", "ranked")
    yield _ask("range", "pain", parameters="start=0 end=10 step=1")
    yield _ask("range", "litres", parameters="start=0.5 end=2.5 step=0.5")
    yield {
        "type": "calculate",
        "name": "price",
        "calculation": "pulldata('prices', 'price', 'name', ${n_1})",
    }
    for kind in ("audio", "video", "file", "barcode", "time", "dateTime", "acknowledge"):
        yield _ask(kind, f"a_{kind.lower()}")
    yield _ask("image", "a_photo", parameters="max-pixels=1024")
    yield _ask("geotrace", "a_line")
    yield _ask("geoshape", "an_area")
    yield {"type": "hidden", "name": "unseen"}


def _nested() -> Iterator[Row]:
    """Yield groups five deep, and repeats in repeats, one of them counted."""
    depth = 5
    for level in range(depth):
        yield _ask("begin_group", f"level_{level}", relevant="${n_1} > 0" if level == 2 else "")
    yield _ask("text", "deepest")
    for level in reversed(range(depth)):
        yield {"type": "end_group", "name": f"level_{level}"}
    yield _ask("begin_repeat", "house")
    yield _ask("text", "street", required="yes")
    yield _ask("integer", "rooms", required="yes", constraint=". >= 1 and . <= 3")
    yield _ask("begin_repeat", "room", repeat_count="${rooms}")
    yield _ask("decimal", "area_m2", constraint=". > 0 and . <= 500")
    yield {
        "type": "calculate",
        "name": "is_large",
        "calculation": "if(${area_m2} > 20, 1, 0)",
    }
    yield {"type": "end_repeat", "name": "room"}
    yield {"type": "calculate", "name": "total", "calculation": "sum(${area_m2})"}
    yield {"type": "end_repeat", "name": "house"}
    yield _ask("select_one ${street}", "favourite", relevant="count(${house}) > 0")


def _table_of_selects() -> Iterator[Row]:
    yield _ask("begin_group", "opinions", appearance="table-list")
    for number in range(3):
        yield _ask("select_one yes_no", f"opinion_{number}")
    yield {"type": "end_group", "name": "opinions"}


def _plain(count: int) -> Iterator[Row]:
    """Yield what forms are full of, in groups: texts, dates, calculations, numbers, choices."""
    yield _ask("integer", "n_1", required="yes", constraint=". >= 1 and . <= 2")
    for number in range(2, count + 1):
        if number % 25 == 2:
            yield _ask("begin_group", f"page_{number}", appearance="field-list")
        yield _one_of_five(number)
        if number % 25 == 1 or number == count:
            yield {"type": "end_group", "name": ""}


def _one_of_five(number: int) -> Row:
    before = f"coalesce(${{t_{number - 2}}}, 'x')"
    calculation = f"concat({before}, '-', string(${{n_1}} + {number}))"
    kinds: list[Row] = [
        _ask("integer", f"n_{number}", constraint=". >= 0 and . <= 120", required="yes"),
        _ask("select_one yes_no", f"s_{number}", relevant="${n_1} = 1"),
        _ask("text", f"t_{number}", constraint="string-length(.) <= 200"),
        _ask("date", f"d_{number}", constraint=". <= today()"),
        {"type": "calculate", "name": f"c_{number}", "calculation": calculation},
    ]
    return kinds[number % 5]


def _choices() -> Iterator[Row]:
    def choice(list_name: str, name: str, **more: str) -> Row:
        labels = {"label::中文 (zh)": f"选项 {name}", "label::English (en)": f"Choice {name}"}
        return {"list_name": list_name, "name": name, **labels, **more}

    shown = {"media::image::中文 (zh)": "yes.png", "media::image::English (en)": "yes_en.png"}
    yield choice("yes_no", "yes", **shown)
    yield choice("yes_no", "no")
    for county in range(5):
        yield choice("county", f"c{county}")
        for township in range(8):
            yield choice("township", f"c{county}t{township}", county=f"c{county}")
            for village in range(10):
                name = f"c{county}t{township}v{village}"
                yield choice("village", name, township=f"c{county}t{township}")
