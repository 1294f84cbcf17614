"""The list of villages as a Table that may leave the house: figures by village, no person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from exports.table import Cell, Column, Table
from maps.coverage import VillageCoverage

_STATES = {
    "no_register": {"en": "No register", "zh": "无登记底数"},
    "not_started": {"en": "Not started", "zh": "未开始"},
    "over_register": {"en": "Over 105%: check the register", "zh": "超过 105%：请核对底数"},
    "in_progress": {"en": "In progress", "zh": "进行中"},
}
_SOURCES = {
    "register": {"en": "register", "zh": "登记"},
    "census": {"en": "census", "zh": "普查"},
    "estimate": {"en": "estimate", "zh": "估计"},
}
COLUMNS = (
    Column("village_code", {"en": "Village code", "zh": "村代码"}, width=15),
    Column("village", {"en": "Village", "zh": "村"}, width=26),
    Column("township_code", {"en": "Township code", "zh": "乡镇代码"}, width=15),
    Column("township", {"en": "Township", "zh": "乡镇"}, width=16),
    Column("state", {"en": "State", "zh": "状态"}, width=18),
    Column(
        "register_households", {"en": "Households in the register", "zh": "登记户数"}, "integer"
    ),
    Column("register_source", {"en": "Register, source", "zh": "底数来源"}),
    Column("register_on", {"en": "Register, date", "zh": "底数日期"}, "date"),
    Column("households_done", {"en": "Households done", "zh": "已办结户数"}, "integer"),
    Column("share", {"en": "Share done", "zh": "办结率"}, "share"),
    Column("households_left", {"en": "Households left", "zh": "剩余户数"}, "integer"),
    Column("completed", {"en": "Completed", "zh": "已完成"}, "integer"),
    Column("refused", {"en": "Refused", "zh": "拒访"}, "integer"),
    Column("absent", {"en": "Absent after 3 visits", "zh": "三次不在家"}, "integer"),
    Column("vacated", {"en": "Vacated", "zh": "空户"}, "integer"),
    Column("register_persons", {"en": "Register, persons", "zh": "登记人数"}, "integer"),
    Column("persons", {"en": "Persons met", "zh": "已登记到人"}, "integer"),
    Column("screened", {"en": "Persons screened", "zh": "已筛查人数"}, "integer"),
    Column("suspected", {"en": "Suspected", "zh": "疑似"}, "integer"),
    Column("documented", {"en": "Documented", "zh": "有诊断证明"}, "integer"),
    Column("last_visit_on", {"en": "Last visit", "zh": "最近入户"}, "date"),
    Column("days_behind", {"en": "Days since", "zh": "距今天数"}, "integer"),
)


def coverage_table(
    villages: Iterable[VillageCoverage], title: str, notes: Sequence[str], language: str
) -> Table:
    """Return villages in the order given; words inside cells are in `language`, "zh" or "en"."""
    return Table(title, COLUMNS, (_row(one, language) for one in villages), tuple(notes))


def _row(village: VillageCoverage, language: str) -> Sequence[Cell]:
    source = _SOURCES.get(village.register_source, {})
    return (
        village.code,
        village.name,
        village.township_code,
        village.township_name,
        _STATES[village.state][language],
        village.register_households,
        source.get(language, village.register_source),
        village.register_on,
        village.done,
        village.share,
        village.left,
        village.households_completed,
        village.households_refused,
        village.households_absent_final,
        village.households_vacated,
        village.register_persons,
        village.persons_registered,
        village.persons_screened,
        village.suspected,
        village.documented,
        village.last_visit_on,
        village.days_behind,
    )
