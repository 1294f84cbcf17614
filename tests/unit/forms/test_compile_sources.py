"""Forms in every kind of file: told apart by content, whatever their names say."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

import forms
from forms import source as sources
from forms.compile import compile_form
from forms.faults import FormProblem
from forms.reading import read_workbook
from forms.source import FormSource
from forms.spreadsheet import workbook_bytes
from forms.workbook import workbook

LIBRARY = Path(forms.__path__[0]) / "library"
SAMPLES = Path(__file__).parents[2] / "samples" / "xlsforms"
ROSTER = LIBRARY / "household_roster"

SMALL = {
    "survey.csv": "type,name,label\ntext,name,姓名\nselect_one l,s,S\n",
    "choices.csv": "list_name,name,label\nl,1,一\n",
    "settings.csv": "form_id,form_title,version\nsmall,小表,7\n",
}


def small(**changed: str) -> FormSource:
    sheets = {**SMALL, **{f"{name}.csv": text for name, text in changed.items()}}
    return FormSource("small", {name: text.encode() for name, text in sheets.items()})


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def refusal(name: str, content: bytes) -> str:
    with pytest.raises(FormProblem) as raised:
        compile_form(FormSource.of_bytes(name, content))
    return str(raised.value)


def test_a_workbook_of_old_excel_named_like_new_excel_is_the_same_form() -> None:
    old = (SAMPLES / "household_roster.xls").read_bytes()

    form = compile_form(FormSource.of_bytes("household_roster.xlsx", old)).form

    assert form.xml == compile_form(FormSource.of_path(ROSTER)).form.xml


def test_a_workbook_of_new_excel_named_like_old_excel_is_the_same_form() -> None:
    new = workbook_bytes(read_workbook(FormSource.of_path(ROSTER)))

    form = compile_form(FormSource.of_bytes("household_roster.xls", new)).form

    assert form.xml == compile_form(FormSource.of_path(ROSTER)).form.xml


@pytest.mark.parametrize("ending", ["xls", "xlsx"])
def test_numbers_days_and_truths_in_cells_read_as_people_see_them(ending: str) -> None:
    path = SAMPLES / f"numbers.{ending}"

    book = read_workbook(FormSource.of_path(path))

    assert book.sheets["choices"].rows == (("l", "1", "一"), ("l", "2", "二"))
    assert book.sheets["survey"].rows[0] == ("date", "d", "D", "2026-01-02")
    assert book.sheets["survey"].rows[2][:3] == ("text", "t", "TRUE")
    assert book.sheets["survey"].rows[4] == ("time", "h", "H", "09:30:00")
    assert compile_form(FormSource.of_path(path)).form.version == "2026112201"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_csv_is_read_in_the_encodings_excel_writes(encoding: str) -> None:
    plain = small()
    files = {name: content.decode().encode(encoding) for name, content in plain.files.items()}

    form = compile_form(FormSource("small", files)).form

    assert form == compile_form(plain).form
    assert form.title == "小表"


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_with_another_delimiter_is_read(delimiter: str) -> None:
    survey = SMALL["survey.csv"].replace(",", delimiter)

    form = compile_form(small(survey=survey)).form

    assert form == compile_form(small()).form


def test_one_csv_file_holds_a_whole_form() -> None:
    one = "".join(
        f"{name.removesuffix('.csv')}\n" + "".join(f",{line}\n" for line in text.splitlines())
        for name, text in SMALL.items()
    )

    form = compile_form(FormSource.of_bytes("small.csv", one.encode())).form

    assert form == compile_form(small()).form


def test_a_lone_survey_sheet_is_a_form() -> None:
    survey = "type,name,label\ntext,name,Name\n"

    form = compile_form(FormSource.of_bytes("tiny form.csv", survey.encode())).form

    assert (form.form_id, [field.path for field in form.fields]) == ("tiny_form", ["name"])


def test_markdown_is_a_form_and_its_pipes_and_rules_are_understood() -> None:
    text = (
        "# A small form\n\n| survey |\n|--------|------|------|-------|------------|\n"
        "|        | type | name | label | constraint |\n"
        "|        | text | name | a \\| b | regex(., 'x\\|y') |\n"
    )

    book = read_workbook(FormSource.of_bytes("small.md", text.encode()))

    assert book.sheets["survey"].rows == (("text", "name", "a | b", "regex(., 'x|y')"),)


def test_a_zip_of_sheets_is_the_folder_it_was_made_of() -> None:
    inside = {f"household_roster/{path.name}": path.read_bytes() for path in ROSTER.iterdir()}
    inside["__MACOSX/household_roster/._survey.csv"] = b"\0\5\x16\7"

    form = compile_form(FormSource.of_bytes("household_roster.zip", zipped(inside))).form

    assert form == compile_form(FormSource.of_path(ROSTER)).form


def test_a_zip_brings_the_files_its_form_expects() -> None:
    survey = "type,name,label\nselect_one_from_file villages.csv,v,V\n"
    book = workbook([("survey", [line.split(",") for line in survey.splitlines()])])
    packed = zipped(
        {"f.xlsx": workbook_bytes(book), "villages.csv": b"name,label\n1,A\n", "notes.txt": b"x"}
    )

    compiled = compile_form(FormSource.of_bytes("f.zip", packed))

    assert compiled.form.attachments == ("villages.csv",)
    assert compiled.files == {"villages.csv": b"name,label\n1,A\n"}


def test_a_folder_with_several_forms_is_refused() -> None:
    excel = workbook_bytes(read_workbook(small()))

    with pytest.raises(FormProblem, match=r"several forms \(a\.xlsx, b\.xlsx\)"):
        compile_form(FormSource("two", {"a.xlsx": excel, "b.xlsx": excel}))


def test_notes_below_and_beside_a_form_are_no_part_of_it() -> None:
    below = "\n" * 70 + "this is,no row,of the form\n"

    form = compile_form(small(survey=SMALL["survey.csv"] + below)).form

    assert form.xml == compile_form(small()).form.xml


def test_a_sheet_that_states_a_wrong_size_is_read_to_its_end() -> None:
    excel = io.BytesIO(workbook_bytes(read_workbook(small())))
    changed = io.BytesIO()
    with zipfile.ZipFile(excel) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.namelist():
            content = old.read(entry)
            new.writestr(entry, content.replace(b'<dimension ref="A1:C3"', b'<dimension ref="A1"'))

    form = compile_form(FormSource.of_bytes("small.xlsx", changed.getvalue())).form

    assert form.xml == compile_form(small()).form.xml


def test_colours_and_checks_of_a_workbook_are_passed_over_in_silence() -> None:
    excel = io.BytesIO(workbook_bytes(read_workbook(small())))
    extra = b'<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}"/></extLst></worksheet>'
    changed = io.BytesIO()
    with zipfile.ZipFile(excel) as old, zipfile.ZipFile(changed, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, old.read(entry).replace(b"</worksheet>", extra))

    form = compile_form(FormSource.of_bytes("small.xlsx", changed.getvalue())).form

    assert form.xml == compile_form(small()).form.xml


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "empty": ("f.xlsx", b"", "is empty"),
    "only spaces": ("f.csv", b" \n\t\n", "is empty"),
    "web page": ("f.xls", b"<html><table><tr><td>type</td></tr></table></html>", "a web page"),
    "web page with a mark": ("f.xls", b"\xef\xbb\xbf<!DOCTYPE html><html></html>", "a web page"),
    "old xml": (
        "f.xls",
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        "XML spreadsheet of 2003",
    ),
    "photo": ("f.xlsx", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no form this program can read"),
    "prose": ("f.xls", b"Dear all, please find the form below.", "no sheet called"),
    "password": (
        "f.xlsx",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
        "protected by a password",
    ),
    "broken old excel": ("f.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is damaged"),
    "broken zip": ("f.xlsx", b"PK\x03\x04" + bytes(50), "is damaged"),
    "word document": (
        "f.xlsx",
        zipped({"[Content_Types].xml": b"", "word/document.xml": b""}),
        "no workbook",
    ),
    "binary workbook": ("f.xlsx", zipped({"xl/workbook.bin": b""}), "binary workbook"),
    "open document": ("f.xlsx", zipped({"mimetype": b"", "content.xml": b""}), "OpenDocument"),
    "zip without a form": ("f.zip", zipped({"notes.txt": b"x", "a.png": b"y"}), "no sheet called"),
    "empty zip": ("f.zip", zipped({}), "is damaged|is empty"),
    "xml of something else": ("f.xml", b"<?xml version='1.0'?><a/>", "no form"),
    "broken xform": (
        "f.xml",
        b'<h:html xmlns="http://www.w3.org/2002/xforms"><model>',
        "not well-formed",
    ),
    "xform without a model": (
        "f.xml",
        b'<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"/>',
        "no model",
    ),
    "xform without an id": (
        "f.xml",
        b'<html xmlns="http://www.w3.org/2002/xforms"><model><instance><data/></instance></model>'
        b"</html>",
        "has no id",
    ),
    "sheet without headings": ("f.csv", b"survey\n", "no sheet called"),
    "csv no reader can read": ("f.csv", b'type,name,label\n"' + b"a" * 20_000_001, "no table"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_form_is_refused_with_the_way_out(case: str) -> None:
    name, content, words = REFUSED[case]

    with pytest.raises(FormProblem, match=words):
        compile_form(FormSource.of_bytes(name, content))


def test_an_uploaded_xform_that_grows_by_entities_is_refused() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE h [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(
            f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9)
        )
        + b']><html xmlns="http://www.w3.org/2002/xforms"><model><instance>'
        b'<data id="x"><a>&j;</a></data></instance></model></html>'
    )

    assert "not well-formed" in refusal("x.xml", bomb)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_EXPANDED_BYTES", 1_000_000)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *_: pytest.fail("unpacked"))

    assert "larger than a form can be" in refusal("f.zip", zipped({"survey.csv": bytes(2_000_000)}))


def test_a_workbook_bomb_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_WORKBOOK_BYTES", 1_000_000)
    bomb = zipped({"xl/workbook.xml": b"<a/>", "xl/worksheets/sheet1.xml": bytes(2_000_000)})

    assert "larger than a form can be" in refusal("f.xlsx", bomb)


def test_a_zip_of_very_many_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_ENTRIES", 10)

    assert "larger" in refusal("f.zip", zipped({f"{n}.png": b"" for n in range(11)}))


def test_a_file_too_large_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sources, "MAX_FILE_BYTES", 100)
    (tmp_path / "f.csv").write_bytes(bytes(101))

    with pytest.raises(FormProblem, match="larger"):
        FormSource.of_path(tmp_path / "f.csv")


@pytest.mark.parametrize("name", ["../../etc/x.csv", "C:\\forms\\x.csv", "/x.csv"])
def test_a_hostile_name_is_cut_to_its_last_part(name: str) -> None:
    source = FormSource.of_bytes(name, b"type,name,label\ntext,a,A\n")

    assert source.name == "x.csv"
    assert set(source.files) == {"x.csv"}


def damaged(content: bytes, times: int) -> Iterator[bytes]:
    """Yield the bytes with a few of them changed, cut out or repeated; the same ones every run."""
    chance = random.Random(20261122)
    for _ in range(times):
        mutable = bytearray(content)
        for _ in range(chance.choice([1, 2, 8])):
            place = chance.randrange(len(mutable))
            match chance.randrange(3):
                case 0:
                    mutable[place] = chance.randrange(256)
                case 1:
                    del mutable[place : place + chance.randrange(1, 40)]
                case 2:
                    mutable[place:place] = mutable[place : place + 60]
        yield bytes(mutable)


@pytest.mark.parametrize("name", ["numbers.xls", "numbers.xlsx"])
def test_a_damaged_workbook_is_a_form_or_a_refusal_never_a_crash(name: str) -> None:
    content = (SAMPLES / name).read_bytes()

    for broken in damaged(content, times=150):
        with contextlib.suppress(FormProblem):
            compile_form(FormSource.of_bytes(name, broken))


def test_the_workbook_opens_with_frozen_headings_and_text_cells() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook_bytes(read_workbook(FormSource.of_path(ROSTER))))
    )

    survey = book["survey"]
    assert book.sheetnames == ["survey", "choices", "settings", "entities"]
    assert survey.freeze_panes == "C2"
    assert survey["A1"].font.bold
    assert survey["A2"].number_format == "@"
    assert survey.column_dimensions["B"].width > 8


def test_a_text_that_looks_like_a_formula_or_a_number_stays_a_text() -> None:
    grid = [["type", "name", "label", "default"], ["text", "a", "=1+1", "007"]]

    content = workbook_bytes(workbook([("survey", grid)]))

    row = read_workbook(FormSource.of_bytes("f.xlsx", content)).sheets["survey"].rows[0]
    assert row == ("text", "a", "=1+1", "007")
    cell = openpyxl.load_workbook(io.BytesIO(content))["survey"]["C2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_a_text_longer_than_excel_can_keep_is_refused_not_cut() -> None:
    book = workbook([("survey", [["type", "name", "label"], ["text", "a", "x" * 32_768]])])

    with pytest.raises(FormProblem, match=r"survey, C2, label: .* 32768 characters"):
        workbook_bytes(book)


def test_line_ends_in_cells_do_not_depend_on_the_file() -> None:
    windows = small(survey='type,name,label\r\nnote,n,"one\r\ntwo"\r\n')
    unix = small(survey='type,name,label\nnote,n,"one\ntwo"\n')

    excel = FormSource.of_bytes("small.xlsx", workbook_bytes(read_workbook(windows)))

    assert compile_form(windows).form.xml == compile_form(unix).form.xml
    assert compile_form(excel).form.xml == compile_form(unix).form.xml
