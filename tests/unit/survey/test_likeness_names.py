"""How alike names are: as written, as they sound, but for one sign."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.survey.likeness.names import NEAR, OTHER, SAME, SOUND, clean, likeness

NAMES = st.text(alphabet="王汪李小晓一二伟芳 aB·", max_size=5)


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("王小一", "王小一", SAME),
        ("王小一", " 王 小一 ", SAME),
        ("买买提·阿不都", "买买提阿不都", SAME),
        ("Maria Gomez", "MARÍA GÓMEZ", SAME),
        ("王小一", "王晓一", SOUND),
        ("王小一", "汪小一", SOUND),
        ("曾国强", "增国强", SOUND),
        ("劉紅", "刘红", SOUND),
        ("张京", "章金", SOUND),
        ("吕娜", "吕拉", SOUND),
        ("王小一", "Wang Xiaoyi", SOUND),
        ("王小一", "xiaoyi wang", SOUND),
        ("吕布", "lü bu", SOUND),
        ("王小一", "王一", NEAR),
        ("王小一", "王一小", NEAR),
        ("王小明", "王小刚", NEAR),
        ("阿依古丽", "阿依古", NEAR),
        ("Maria Gomez", "Maria Gomes", NEAR),
        ("王伟", "王芳", OTHER),
        ("王小一", "李小一", OTHER),
        ("王小明", "王大刚", OTHER),
        ("王小一", "wang xiaoer", OTHER),
        ("Li Na", "Li Ma", OTHER),
        ("", "", OTHER),
        ("王小一", "", OTHER),
        ("??", "??", OTHER),
    ],
)
def test_names_are_as_alike_as_a_clerk_would_say(one: str, other: str, how: str) -> None:
    assert likeness(one, other) == how


@given(one=NAMES, other=NAMES)
def test_likeness_has_no_direction_and_everybody_is_like_himself(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert likeness(one, one) == (SAME if clean(one) else OTHER)
