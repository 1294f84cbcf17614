"""Whatever is typed, a mask gives away no more than it promises."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from exports.masking import mask_id_number, mask_name, mask_phone, mask_words

DIGITS = st.text(alphabet="0123456789０９xX -+/王", max_size=40)


@given(st.text())
def test_a_masked_name_shows_one_letter_at_most(name: str) -> None:
    masked = mask_name(name)

    assert masked in ("", "*") or masked == f"{name.strip()[0]}*"
    assert bool(masked) == bool(name.strip())


@given(st.text() | DIGITS)
def test_a_masked_phone_hides_four_digits_or_all(phone: str) -> None:
    masked = mask_phone(phone)

    assert masked in ("", "****") or re.fullmatch(r"1[0-9]{2}\*{4}[0-9]{4}", masked)
    assert masked or not re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", phone))


@given(st.text() | DIGITS)
def test_a_masked_number_hides_ten_characters_or_all(id_number: str) -> None:
    masked = mask_id_number(id_number)

    assert masked in ("", "****") or re.fullmatch(r"[0-9]{4}\*{10}[0-9]{3}[0-9X]", masked)


@given(st.text())
def test_masked_words_are_stars_or_nothing(words: str) -> None:
    assert mask_words(words) in ("", "****")
