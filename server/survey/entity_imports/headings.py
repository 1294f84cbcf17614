"""What the columns of an office's register mean for an entity list: by name, synonym or choice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from server.survey.registry.columns import FIELD_OF, HEADINGS_WITHIN_ROWS, Columns, plain
from server.survey.registry.sheets import Value

ID, LABEL, HOUSEHOLD = "name", "label", "household"
LATITUDE, LONGITUDE, VILLAGE_NAME = "latitude", "longitude", "village_name"
NOTHING = "-"
"""What a reader chooses for a column that shall not be read."""

_SYNONYMS: Mapping[str, str] = {
    ID: "id uuid entityid 实体编号",
    LABEL: "label 标签 显示名称",
    "village_code": "villagecode 村代码 村编码 村级代码 行政村代码 所在村代码",
    VILLAGE_NAME: "villagename village 村名 村 行政村 村委会 村名称",
    LATITUDE: "latitude lat 纬度 北纬",
    LONGITUDE: "longitude lon lng 经度 东经",
    "hh_no": "householdnumber householdno hhno 户号 户编号 户编码 家庭编号 门牌号",
    "hh_type": "householdtype hhtype 户类型 户属性 贫困户属性",
    "hh_size": "householdsize hhsize 家庭人口 家庭人口数 户人口 人口数 人数",
    "cause_main": "cause maincause 主要致贫原因 致贫原因",
    "pname": "name fullname personname 姓名 成员姓名",
    "sex": "sex gender 性别",
    "birth_year": "birthyear yearofbirth 出生年 出生年份",
    "residence": "residence 居住情况 居住状态",
    "id_number": "idnumber idcard 身份证号 身份证号码 公民身份号码 证件号码",
    "phone": "phone mobile tel 电话 手机 手机号 联系电话",
}
_MEANINGS: Mapping[str, str] = {
    word: name for name, words in _SYNONYMS.items() for word in words.split()
}
# Words for the values of shipped choices, as registers write them.
VALUES: Mapping[str, Mapping[str, str]] = {
    "sex": {"男": "male", "女": "female", "m": "male", "f": "female"},
}


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of the file: its heading, and what it means, "" for nothing."""

    position: int
    words: str
    meaning: str


def meanings(list_name: str, properties: Collection[str]) -> tuple[str, ...]:
    """Return what a column may mean for a list: its properties, and what leads to them."""
    more = [ID, LABEL]
    if "village_code" in properties:
        more.append(VILLAGE_NAME)
    if "geometry" in properties:
        more += [LATITUDE, LONGITUDE]
    if list_name == "persons":
        more.append(HOUSEHOLD)
    return (*dict.fromkeys([*properties, *more]),)


def find_headings(
    rows: Iterable[tuple[Value, ...]], allowed: Collection[str], chosen: Mapping[int, str]
) -> tuple[int, tuple[Heading, ...]] | None:
    """Look for the headings in the first rows: the row where two columns mean something.

    `chosen` says by position what somebody decided a column means. Consumes `rows` up to and with
    the row of the headings.
    """
    for number, row in enumerate(rows, start=1):
        found = tuple(
            Heading(at, str(words or "").strip(), _meaning(words, at, allowed, chosen))
            for at, words in enumerate(row)
        )
        if sum(bool(one.meaning) for one in found) > 1:
            return number, found
        if number == HEADINGS_WITHIN_ROWS:
            break
    return None


def as_columns(row: int, headings: Sequence[Heading]) -> Columns:
    """Return the headings as rows of a table are read by."""
    position: dict[str, int] = {}
    doubled: list[tuple[str, str]] = []
    for one in headings:
        if not one.meaning:
            continue
        if one.meaning in position:
            doubled.append((headings[position[one.meaning]].words, one.words))
        else:
            position[one.meaning] = one.position
    ignored = tuple(one.words for one in headings if one.words and not one.meaning)
    words = tuple(one.words for one in headings)
    return Columns(row, "entities", position, words, ignored, tuple(doubled))


def _meaning(words: Value, at: int, allowed: Collection[str], chosen: Mapping[int, str]) -> str:
    if at in chosen:
        wanted = chosen[at]
        return wanted if wanted in allowed else ""
    text = str(words or "").strip()
    if text in allowed and text != ID:
        return text
    told = plain(words)
    if told == "name" and "pname" not in allowed:
        return ID if text == ID else ""
    by_word = _MEANINGS.get(told, "")
    if by_word == "hh_no" and HOUSEHOLD in allowed:
        by_word = HOUSEHOLD
    if by_word in allowed:
        return by_word
    # The register of places has more words for a village.
    of_places = {"village_code": "village_code", "village_name": VILLAGE_NAME}
    meant = of_places.get(FIELD_OF.get(told, ""), "")
    return meant if meant in allowed else next((one for one in allowed if plain(one) == told), "")
