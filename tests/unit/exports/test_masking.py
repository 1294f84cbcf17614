"""Masked texts can be checked by who knows them and used by nobody else."""

from __future__ import annotations

import pytest

from exports.masking import mask_id_number, mask_name, mask_phone, mask_words


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("王小明", "王*"),
        ("王明", "王*"),
        ("欧阳小明", "欧*"),
        ("阿布都·热西提", "阿*"),
        ("John Smith", "J*"),
        ("  王小明 ", "王*"),
        ("𠮷田", "𠮷*"),
        ("王", "*"),
        ("1王", "*"),
        ("-王小明", "*"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_a_name_keeps_its_first_letter_and_hides_its_length(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"),
    [
        ("13812341234", "138****1234"),
        ("138 1234 1234", "138****1234"),
        ("+86 138-1234-1234", "138****1234"),
        ("8613812341234", "138****1234"),
        ("１３８１２３４１２３４", "138****1234"),
        ("0317-1234567", "****"),
        ("13812341234/13912341234", "****"),
        ("1381234123", "****"),
        ("李四 13812341234", "****"),
        ("1", "****"),
        ("", ""),
    ],
)
def test_a_phone_of_another_shape_is_hidden_wholly(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


@pytest.mark.parametrize(
    ("id_number", "masked"),
    [
        ("990000199001010017", "9900**********0017"),
        ("99000019900101001x", "9900**********001X"),
        (" 990000 19900101 0017", "9900**********0017"),
        ("９９００００１９９００１０１００１７", "9900**********0017"),
        ("990000900101001", "****"),
        ("99000019900101001", "****"),
        ("9900001990010100177", "****"),
        ("护照 G12345678", "****"),
        ("0017", "****"),
        ("", ""),
    ],
)
def test_a_number_of_another_shape_is_hidden_wholly(id_number: str, masked: str) -> None:
    assert mask_id_number(id_number) == masked


def test_free_text_is_hidden_and_its_absence_shown() -> None:
    assert mask_words("王小明的弟弟,电话 13812341234") == "****"
    assert mask_words("  ") == ""
