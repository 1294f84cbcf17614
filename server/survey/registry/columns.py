"""What the columns of an office's table mean: headings in Chinese and English, with synonyms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from server.survey.registry.sheets import Value

KINDS = ("divisions", "villages", "clinics")

# A table's title and notes may stand above its headings.
HEADINGS_WITHIN_ROWS = 10

# Field: headings that mean it, as `plain` leaves them. "code" and "name" are any unit's own.
_HEADINGS: Mapping[str, str] = {
    "code": "code 代码 编码 区划代码 区划编码 行政区划代码 统计用区划代码 12位代码 单位代码",
    "name": "name 名称 单位名称 区划名称",
    "village_code": "villagecode 村代码 村编码 村级代码 行政村代码 行政村编码 村委会代码 村居代码 "
    "所在村代码",
    "village_name": "villagename village 村名 村 村名称 村庄 行政村 行政村名称 村委会 村委会名称 "
    "村居 村居名称",
    "township_code": "townshipcode towncode streetcode 乡镇代码 乡镇编码 乡代码 镇代码 街道代码 "
    "乡镇街道代码 所在乡镇代码",
    "township_name": "townshipname township town street streetname 乡镇 乡镇名称 乡镇名 乡 镇 街道 "
    "乡镇街道",
    "county_code": "countycode areacode districtcode 县代码 县编码 区县代码 县区代码 县市区代码",
    "county_name": "countyname county area areaname district 县 县名 县名称 区县 县区 县市区 区",
    "prefecture_code": "prefecturecode citycode 市代码 地市代码 州市代码 市州代码",
    "prefecture_name": "prefecturename prefecture city cityname 市 市名称 地市 州市 市州 地级市",
    "province_code": "provincecode 省代码 省份代码",
    "province_name": "provincename province 省 省份 省名称",
    "kind": "kind type unitkind villagekind clinickind 类型 类别 单位类型 机构类型 机构类别",
    "households": "households hh numberofhouseholds 户数 总户数 户籍户数 登记户数 农户数 住户数",
    "persons": "persons population people numberofpersons 人口 人口数 总人口 人数 总人数 户籍人口 "
    "常住人口",
    "register_source": "source registersource 来源 数据来源 资料来源",
    "register_on": "date asof registeron registerdate 日期 登记日期 数据日期 统计日期 截止日期 "
    "统计时间",
    "latitude": "latitude lat 纬度 北纬",
    "longitude": "longitude lon lng long 经度 东经",
    "valid_from": "validfrom 启用日期 生效日期 设立日期",
    "valid_to": "validto 停用日期 撤销日期 失效日期",
    "successor_code": "successorcode successor 接续代码 后继代码 并入代码 并入村代码 新代码",
    "clinic_code": "cliniccode facilitycode 卫生室代码 卫生室编码 机构代码 机构编码 医疗机构代码 "
    "卫生机构代码 卫生院代码",
    "clinic_name": "clinicname clinic facility facilityname 卫生室 卫生室名称 村卫生室 "
    "村卫生室名称 机构名称 医疗机构名称 卫生院 卫生院名称",
}
FIELD_OF: Mapping[str, str] = {
    heading: field for field, headings in _HEADINGS.items() for heading in headings.split()
}

_PLACE_FIELDS = frozenset(_HEADINGS) - {"clinic_code", "clinic_name"}
_CLINIC_FIELDS = frozenset(
    {
        "clinic_code",
        "clinic_name",
        "kind",
        "village_code",
        "township_code",
        "latitude",
        "longitude",
    }
)
_BRACKETED = re.compile(r"\(.*?\)|\[.*?\]")
_NO_LETTER = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """What a sheet's columns mean. `row` is the row of the headings, counted from 1.

    `position` maps a field to its column, counted from 0; `headings` holds the words as written.
    `kind` is what the rows are; `ignored` and `doubled` name headings that mean nothing here, and
    pairs that mean the same.
    """

    row: int
    kind: str
    position: Mapping[str, int]
    headings: tuple[str, ...]
    ignored: tuple[str, ...]
    doubled: tuple[tuple[str, str], ...]


def plain(heading: Value) -> str:
    """Return a heading as it is compared: no brackets, spaces or signs, lower case, half width."""
    folded = unicodedata.normalize("NFKC", str(heading or "")).casefold()
    return _NO_LETTER.sub("", _BRACKETED.sub("", folded))


def find_columns(rows: Iterable[tuple[Value, ...]], kind: str | None = None) -> Columns | None:
    """Look for the headings in the first rows; None when there are none.

    `kind` says what the rows are when the columns do not: without it, a clinic's code makes
    clinics, a village's code or its township's makes villages, and a bare code makes divisions.
    Consumes `rows` up to and with the row of the headings.
    """
    for number, row in enumerate(rows, start=1):
        found = _columns(number, row, kind)
        if found is not None:
            return found
        if number == HEADINGS_WITHIN_ROWS:
            return None
    return None


def _columns(number: int, row: Sequence[Value], kind: str | None) -> Columns | None:
    known = [FIELD_OF.get(plain(heading)) for heading in row]
    fields = {field for field in known if field}
    kind = kind or _kind(fields)
    if kind not in KINDS or not _names_units(fields, kind):
        return None
    position: dict[str, int] = {}
    ignored: list[str] = []
    doubled: list[tuple[str, str]] = []
    headings = tuple(str(heading or "").strip() for heading in row)
    for place, field in enumerate(known):
        meant = _meant(field, fields, kind)
        if meant is None:
            ignored += [headings[place]] if headings[place] else []
        elif meant in position:
            doubled.append((headings[position[meant]], headings[place]))
        else:
            position[meant] = place
    return Columns(number, kind, position, headings, tuple(ignored), tuple(doubled))


def _kind(fields: set[str]) -> str | None:
    if "clinic_code" in fields or {"code", "village_code"} <= fields:
        return "clinics"
    if "village_code" in fields or {"code", "township_code"} <= fields:
        return "villages"
    return "divisions" if "code" in fields else None


def _names_units(fields: set[str], kind: str) -> bool:
    """Say whether the row holds enough to be the headings: a code, and one thing more."""
    own = {"clinics": {"clinic_code"}, "villages": {"village_code"}}.get(kind, set())
    return bool(fields & (own | {"code"})) and len(fields) > 1


def _meant(field: str | None, fields: set[str], kind: str) -> str | None:
    """Return what a field means among the others: a village's own code may be called either way."""
    if kind == "clinics":
        field = {"code": "clinic_code", "name": "clinic_name"}.get(field or "", field)
        return field if field in _CLINIC_FIELDS else None
    if field == "village_code" and "code" not in fields:
        return "code"
    if field == "village_name" and "name" not in fields:
        return "name"
    return field if field in _PLACE_FIELDS else None
