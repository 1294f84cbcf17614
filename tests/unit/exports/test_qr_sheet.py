"""The printed sheet of phones' codes: what is on it, and that Chinese names are."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import pytest

from exports import qr_sheet
from exports.qr_sheet import PhoneCard, SheetWords

WORDS = SheetWords(
    title="Phone codes",
    address_label="Server",
    address="http://192.168.1.10:8080",
    steps=("Install Collect.", "Scan this code.", "等表单列出来。"),
    made="Made on 22 Nov 2026",
    kept_title="For the office",
    kept_note="Keep this page.",
    kept_heads=("Phone", "Number", "Settings password", "Username", "Password"),
)
CHECKERED = [[(row + place) % 2 == 0 for place in range(21)] for row in range(21)]


def a_card(name: str = "王芳", villages: str = "清水村 · 东村", number: int = 12) -> PhoneCard:
    return PhoneCard(name, f"No. {number}", villages, CHECKERED, "482913", "pabc", "abcd-efgh")


def pages(pdf: bytes) -> list[str]:
    """Return the drawing of each page, texts in two-byte encodings decoded."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    drawn = [
        zlib.decompress(base64.a85decode(one.strip().removesuffix(b"~>")))
        for one in streams
        if one.strip().endswith(b"~>")
    ]
    return [one.decode("latin-1") for one in drawn]


def in_song(text: str) -> str:
    """Return a text as the PDF writes it for the named font: UTF-16 with octal escapes."""
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "\\()" else f"\\{byte:03o}"
        for byte in text.encode("utf-16-be")
    )
    return escaped.replace("\\050", "\\(").replace("\\051", "\\)").replace("\\134", "\\\\")


@pytest.mark.parametrize(("per_page", "phones", "sheets"), [(6, 6, 1), (6, 7, 2), (8, 8, 1)])
def test_cards_fill_pages_and_a_page_to_keep_comes_last(
    per_page: int, phones: int, sheets: int
) -> None:
    drawn = pages(qr_sheet.qr_sheet([a_card()] * phones, WORDS, per_page=per_page))

    assert len(drawn) == sheets + 1
    assert "482913" in drawn[-1]
    assert all("482913" not in one and "abcd-efgh" not in one for one in drawn[:-1])


def test_a_card_has_name_villages_server_and_three_steps() -> None:
    (card, _) = pages(qr_sheet.qr_sheet([a_card()], WORDS, per_page=6))

    assert in_song("王芳") in card
    assert in_song("清水村") in card
    assert "http://192.168.1.10:8080" in card
    assert "1. Install Collect." in card
    assert in_song("3. 等表单列出来。") in card


def test_chinese_is_named_and_not_embedded() -> None:
    pdf = qr_sheet.qr_sheet([a_card()], WORDS, per_page=8)

    assert b"STSong-Light" in pdf
    assert b"UniGB-UCS2-H" in pdf
    assert b"FontFile" not in pdf


def test_the_code_is_drawn_square_by_square() -> None:
    (card, _) = pages(qr_sheet.qr_sheet([a_card()], WORDS, per_page=6))

    dark = sum(map(sum, CHECKERED))
    assert len(re.findall(r" re\b", card)) == dark


def test_a_sign_no_font_has_is_shown_as_missing() -> None:
    (card, _) = pages(qr_sheet.qr_sheet([a_card("𬭛强")], WORDS, per_page=6))

    assert in_song("〓强") in card


@pytest.mark.parametrize("name", ["<b>&amp;</b>", "a" * 64, "村" * 64, "(\\)", " "])
def test_no_name_breaks_the_sheet(name: str) -> None:
    assert qr_sheet.qr_sheet([a_card(name, " · ".join([name] * 30))], WORDS, per_page=8)


def test_other_numbers_of_cards_and_useless_fonts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="6 or 8"):
        qr_sheet.qr_sheet([a_card()], WORDS, per_page=5)
    with pytest.raises(ValueError, match=r"."):
        qr_sheet.check_font(str(tmp_path / "none.ttf"))
    (tmp_path / "text.ttf").write_text("no font")
    with pytest.raises(ValueError, match=r"."):
        qr_sheet.check_font(str(tmp_path / "text.ttf"))
