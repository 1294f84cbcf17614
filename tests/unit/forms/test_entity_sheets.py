"""What an author declares of entities, and what stands in the XForm for it; forms phones refuse."""

from __future__ import annotations

import pytest
from lxml import etree

from forms.compile import compile_form
from forms.faults import FormProblem
from forms.fields import CompiledForm
from forms.source import FormSource

SPECIFIED = "{http://www.opendatakit.org/xforms/entities}"
ACTS = ("create", "update", "baseVersion", "trunkVersion", "branchId")


def a_form(columns: str, cells: str, save_to: str = "colour", list_name: str = "trees") -> bytes:
    return f"""
| survey |
| | type | name | label | save_to |
| | text | a | A | {save_to} |
| entities |
| | list_name | label | {columns} |
| | {list_name} | ${{a}} | {cells} |
| settings |
| | form_id | version |
| | e | 1 |
""".encode()


def compiled(content: bytes, name: str = "e.md") -> CompiledForm:
    return compile_form(FormSource.of_bytes(name, content)).form


@pytest.mark.parametrize(
    ("columns", "cells", "acts"),
    [
        ("", "", {"create"}),
        ("create_if", "${a} = '1'", {"create"}),
        ("entity_id", "${a}", {"update", "baseVersion", "trunkVersion", "branchId"}),
        (
            "entity_id | update_if",
            "${a} | ${a} = '1'",
            {"update", "baseVersion", "trunkVersion", "branchId"},
        ),
        ("entity_id | create_if | update_if", "${a} | ${a} = '1' | ${a} = '2'", {*ACTS}),
    ],
)
def test_columns_decide_between_create_update_and_both(
    columns: str, cells: str, acts: set[str]
) -> None:  # F1, F2, F3
    form = compiled(a_form(columns, cells))

    root = etree.fromstring(form.xml)
    (entity,) = root.iter(f"{SPECIFIED}entity", "{*}entity")
    (model,) = root.iter("{*}model")
    assert {act for act in ACTS if act in entity.attrib} == acts
    assert model.get(f"{SPECIFIED}entities-version") == "2024.1.0"
    assert entity.get("dataset") == "trees"
    assert {"colour"} == {one.get(f"{SPECIFIED}saveto") for one in root.iter("{*}bind")} - {None}


@pytest.mark.parametrize(
    ("columns", "cells"),
    [("entity_id | create_if", "${a} | ${a} = '1'"), ("update_if", "${a} = '1'")],
)
def test_columns_that_contradict_one_another_are_refused(columns: str, cells: str) -> None:  # F3
    with pytest.raises(FormProblem):
        compiled(a_form(columns, cells))


@pytest.mark.parametrize("save_to", ["name", "Label", "__colour", "1colour", "colour of it"])
def test_a_property_whose_name_cannot_be_one_is_refused(save_to: str) -> None:  # F5
    with pytest.raises(FormProblem):
        compiled(a_form("", "", save_to))


@pytest.mark.parametrize("list_name", ["__trees", "tr.ees", "1trees", "the trees"])
def test_a_list_whose_name_cannot_be_one_is_refused(list_name: str) -> None:  # F5
    with pytest.raises(FormProblem):
        compiled(a_form("", "", list_name=list_name))


def test_with_several_lists_a_property_names_its_own() -> None:  # F2, F4
    text = """
| survey |
| | type | name | label | save_to |
| | text | a | A | trees#colour |
| | begin repeat | r | R | |
| | text | b | B | birds#song |
| | end repeat | | | |
| entities |
| | list_name | label |
| | trees | ${a} |
| | birds | ${b} |
| settings |
| | form_id | version |
| | e | 1 |
"""
    root = etree.fromstring(compiled(text.encode()).xml)

    (model,) = root.iter("{*}model")
    assert model.get(f"{SPECIFIED}entities-version") == "2025.1.0"
    assert {one.get("dataset") for one in root.iter("{*}entity")} == {"trees", "birds"}


XFORM = """<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
<h:head>%s<model><instance><data id="%s" version="1"><a/><meta><instanceID/></meta></data>
</instance>%s<bind nodeset="/data/a" type="string"/></model></h:head>
<h:body><input ref="/data/a"><label>A</label></input></h:body></h:html>"""
TITLE = "<h:title>T</h:title>"


@pytest.mark.parametrize(
    "xml",
    [
        XFORM % ("", "f", ""),
        XFORM % ("<h:title> </h:title>", "f", ""),
        XFORM % (TITLE, "", ""),
        XFORM % (TITLE, "f", '<submission action="here" method="post"/>'),
        XFORM % (TITLE, "f", '<submission action="ftp://a.example/s" method="post"/>'),
    ],
)
def test_an_xform_that_phones_refuse_is_refused_here(xml: str) -> None:  # A19
    with pytest.raises(FormProblem):
        compiled(xml.encode(), "f.xml")


@pytest.mark.parametrize("form_id", ["f.xml", "f.xls", "f.xlsx", "f.XML"])
def test_an_id_that_looks_like_a_file_is_refused(form_id: str) -> None:  # G9
    with pytest.raises(FormProblem):
        compiled((XFORM % (TITLE, form_id, "")).encode(), "f.xml")


def test_who_names_another_server_in_his_form_is_told() -> None:
    elsewhere = '<submission action="https://other.example.org/submission" method="post"/>'

    warnings = [
        str(one)
        for xml in (XFORM % (TITLE, "f", elsewhere), XFORM % (TITLE, "f", ""))
        for one in compile_form(FormSource.of_bytes("f.xml", xml.encode())).warnings
    ]

    assert len(warnings) == 1
    assert "https://other.example.org/submission" in warnings[0]
