"""OpenRosa documents and settings, as Collect reads them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from lxml import etree

from forms.openrosa import (
    APPROVAL_ENTITY_LIST,
    ENTITY_LIST,
    ERROR,
    ListedFile,
    ListedForm,
    answer,
    collect_qr_text,
    collect_settings,
    form_list,
    headers,
    integrity,
    manifest,
)

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
URL = "http://192.168.1.10:8080/v1/key/TOKEN/projects/1"
MD5 = "5d41402abc4b2a76b9719d911017c592"


def texts(element: etree._Element) -> dict[Any, str | None]:
    """Return the children of an element as {tag: text}."""
    return {child.tag: child.text for child in element}


def test_the_form_list_is_what_collect_parses() -> None:
    form = ListedForm(
        form_id="a&b",
        name="入户 <1>",
        version="2026112201",
        md5=MD5,
        download_url=f"{URL}/forms/a%26b.xml?x=1&y=2",
        manifest_url=f"{URL}/forms/a%26b/manifest",
    )

    root = etree.fromstring(form_list([form]))

    (xform,) = root
    assert (root.tag, xform.tag) == (f"{LIST}xforms", f"{LIST}xform")
    assert texts(xform) == {
        f"{LIST}formID": "a&b",
        f"{LIST}name": "入户 <1>",
        f"{LIST}version": "2026112201",
        f"{LIST}hash": f"md5:{MD5}",
        f"{LIST}downloadUrl": f"{URL}/forms/a%26b.xml?x=1&y=2",
        f"{LIST}manifestUrl": f"{URL}/forms/a%26b/manifest",
    }


def test_a_form_without_version_and_files_has_no_such_lines() -> None:
    form = ListedForm("f", "F", "", MD5, f"{URL}/forms/f.xml")

    (xform,) = etree.fromstring(form_list([form]))

    assert f"{LIST}version" not in texts(xform)
    assert f"{LIST}manifestUrl" not in texts(xform)


def test_a_description_is_listed_where_asked_for() -> None:
    form = ListedForm("f", "F", "1", MD5, f"{URL}/forms/f.xml", description="For visits")

    (xform,) = etree.fromstring(form_list([form]))

    assert texts(xform)[f"{LIST}descriptionText"] == "For visits"


def test_an_empty_list_is_a_list() -> None:
    root = etree.fromstring(form_list([]))

    assert root.tag == f"{LIST}xforms"
    assert len(root) == 0


@pytest.mark.parametrize("blank", ["form_id", "name", "md5", "download_url"])
def test_a_form_that_would_spoil_the_list_is_never_listed(blank: str) -> None:
    whole = {"form_id": "f", "name": "F", "md5": MD5, "download_url": URL}

    with pytest.raises(ValueError, match="cannot be listed"):
        form_list([ListedForm(version="1", **{**whole, blank: " "})])


def test_the_manifest_lists_media_and_entity_lists() -> None:
    files = [
        ListedFile("villages.csv", MD5, f"{URL}/attachments/villages.csv"),
        ListedFile(
            "persons.csv", "r17", f"{URL}/attachments/persons.csv", ENTITY_LIST, f"{URL}/integrity"
        ),
        ListedFile("cases.csv", "r2", f"{URL}/attachments/cases.csv", APPROVAL_ENTITY_LIST),
    ]

    root = etree.fromstring(manifest(files))

    assert root.tag == f"{MANIFEST}manifest"
    assert [file.get("type") for file in root] == [None, "entityList", "approvalEntityList"]
    assert texts(root[1]) == {
        f"{MANIFEST}filename": "persons.csv",
        f"{MANIFEST}hash": "md5:r17",
        f"{MANIFEST}downloadUrl": f"{URL}/attachments/persons.csv",
        f"{MANIFEST}integrityUrl": f"{URL}/integrity",
    }


def test_a_file_without_hash_is_never_listed() -> None:
    with pytest.raises(ValueError, match=r"villages\.csv"):
        manifest([ListedFile("villages.csv", "", URL)])


def test_an_answer_carries_its_message_escaped() -> None:
    root = etree.fromstring(answer("收到 <户 12> & \x08 done", ERROR))

    (message,) = root
    assert root.tag == "{http://openrosa.org/http/response}OpenRosaResponse"
    assert message.tag == "{http://openrosa.org/http/response}message"
    assert message.get("nature") == "error"
    assert message.text == "收到 <户 12> &  done"


def test_an_answer_says_success_unless_told_otherwise() -> None:
    assert b'<message nature="submit_success">' in answer("Received.")
    assert b"OpenRosaResponse" in answer("")


def test_integrity_says_true_or_false_of_each_id() -> None:
    root = etree.fromstring(integrity({"a": True, 'b"<': False}))

    assert root.tag == "data"
    assert [(entity.get("id"), entity.findtext("deleted")) for entity in root[0]] == [
        ("a", "true"),
        ('b"<', "false"),
    ]


def test_headers_are_those_collect_insists_on() -> None:
    found = headers("zh", accept_length=20_000_000)

    assert found == {
        "Content-Type": "text/xml; charset=utf-8",
        "X-OpenRosa-Version": "1.0",
        "X-OpenRosa-Accept-Content-Length": "20000000",
        "Cache-Control": "private, no-cache",
        "Content-Language": "zh",
    }
    assert "Content-Language" not in headers()


def decoded(text: str) -> Any:
    """Return the settings in the text of a QR code."""
    return json.loads(zlib.decompress(base64.b64decode(text, validate=True)))


def test_settings_come_back_out_of_the_qr_text() -> None:
    settings = collect_settings(f"{URL}/", "高川乡", "李医生", admin_password="4821")

    text = collect_qr_text(settings)

    assert "\n" not in text
    assert decoded(text) == settings


def test_a_door_to_door_phone_is_locked() -> None:
    settings = collect_settings(URL, "高川乡", "李医生", admin_password="4821")

    assert settings["general"] == {
        "server_url": URL,
        "form_update_mode": "match_exactly",
        "autosend": "wifi_and_cellular",
        "image_size": "medium",
        "metadata_username": "李医生",
    }
    assert settings["admin"] == {
        "change_server": False,
        "change_form_metadata": False,
        "change_autosend": False,
        "form_update_mode": False,
        "get_blank": False,
        "delete_saved": False,
        "admin_pw": "4821",
    }
    assert settings["project"] == {"name": "高川乡"}


def test_a_free_phone_is_not_locked() -> None:
    settings = collect_settings(URL, "Test", preset="free")

    assert settings["admin"] == {}
    assert settings["general"]["server_url"] == URL


def test_a_digest_phone_carries_its_own_password() -> None:
    settings = collect_settings(
        URL, "Test", username="phone12", password="s3cret", app_language="zh"
    )

    general = settings["general"]
    assert (general["username"], general["password"]) == ("phone12", "s3cret")
    assert general["app_language"] == "zh"


def test_a_qr_text_is_small_enough_for_an_old_camera() -> None:
    server_url = f"https://survey.county.example.org/v1/key/{'x' * 64}/projects/1"
    settings = collect_settings(server_url, "高川乡卫生院", "李医生", admin_password="482193")

    assert len(collect_qr_text(settings)) < 600
