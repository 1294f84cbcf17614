"""OpenRosa documents of any texts are well-formed and say what they were given."""

from __future__ import annotations

import base64
import json
import re
import zlib

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from forms.openrosa import (
    ListedFile,
    ListedForm,
    answer,
    collect_qr_text,
    collect_settings,
    form_list,
    integrity,
    manifest,
)

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAMES = ANY_TEXT.filter(lambda text: text.strip() != "")


def survivor(text: str) -> str:
    """Return what of a text XML can carry, its line ends as a parser gives them."""
    return NOT_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


@given(NAMES, NAMES, ANY_TEXT)
def test_any_form_can_be_listed(form_id: str, name: str, version: str) -> None:
    form = ListedForm(form_id, name, version, "0" * 32, "http://h/f.xml")

    (xform,) = etree.fromstring(form_list([form]))

    assert (xform.findtext(f"{LIST}formID") or "") == survivor(form_id)
    assert (xform.findtext(f"{LIST}name") or "") == survivor(name)
    assert (xform.findtext(f"{LIST}version") or "") == survivor(version)


@given(st.lists(NAMES, max_size=5))
def test_any_files_can_be_listed(names: list[str]) -> None:
    root = etree.fromstring(manifest(ListedFile(name, "0" * 32, "http://h/x") for name in names))

    assert [file.findtext(f"{MANIFEST}filename") or "" for file in root] == [
        survivor(name) for name in names
    ]


@given(ANY_TEXT, ANY_TEXT)
def test_any_message_can_be_answered(message: str, nature: str) -> None:
    (element,) = etree.fromstring(answer(message, nature))

    assert (element.text or "") == survivor(message)


@given(st.dictionaries(st.uuids().map(str), st.booleans()))
def test_integrity_tells_of_every_id(deleted: dict[str, bool]) -> None:
    (entities,) = etree.fromstring(integrity(deleted))

    assert {
        entity.get("id"): entity.findtext("deleted") == "true" for entity in entities
    } == deleted


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_settings_come_back_out_of_the_qr_text(url: str, project: str, worker: str) -> None:
    settings = collect_settings(url, project, worker)

    text = collect_qr_text(settings)

    assert json.loads(zlib.decompress(base64.b64decode(text, validate=True))) == settings
