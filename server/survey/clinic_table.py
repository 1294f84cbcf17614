"""The list of clinics as a Table that may leave the house: latest audits, no person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from exports.table import Cell, Column, Table
from forms.audit import ITEMS, VILLAGE_CLINIC
from maps.clinics import ClinicClass, ClinicScore

_CLASSES = {
    ClinicClass.MISSING: {"en": "No audit in 12 months", "zh": "12 个月内未核查"},
    ClinicClass.VETO: {"en": "Veto", "zh": "否决"},
    ClinicClass.FAILED: {"en": "Fail", "zh": "不达标"},
    ClinicClass.PASSED: {"en": "Pass", "zh": "达标"},
    ClinicClass.EXCELLENT: {"en": "Excellent", "zh": "优秀"},
}
_DIMENSIONS = {
    "ownership": {"en": "Ownership", "zh": "产权公有化"},
    "construction": {"en": "Construction", "zh": "建设标准化"},
    "service": {"en": "Service", "zh": "服务规范化"},
    "it": {"en": "IT", "zh": "运行信息化"},
    "management": {"en": "Management", "zh": "管理一体化"},
}
_ITEMS = {item.code: item.labels for item in ITEMS[VILLAGE_CLINIC]}
COLUMNS = (
    Column("clinic", {"en": "Clinic", "zh": "卫生室"}, width=24),
    Column("village_code", {"en": "Village code", "zh": "村代码"}, width=15),
    Column("village", {"en": "Village", "zh": "村"}, width=24),
    Column("township", {"en": "Township", "zh": "乡镇"}, width=14),
    Column("result", {"en": "Result", "zh": "结论"}, width=16),
    Column("score", {"en": "Score", "zh": "得分"}, "decimal"),
    Column("audited_on", {"en": "Audited", "zh": "核查日期"}, "date"),
    *(Column(name, labels, "text") for name, labels in _DIMENSIONS.items()),
    Column("vetoes", {"en": "Vetoes", "zh": "否决项"}, width=40, wraps=True),
)


def clinic_table(clinics: Iterable[ClinicScore], title: str, language: str) -> Table:
    """Return clinics in the order given; points as "got/possible", vetoes by their words."""
    return Table(title, COLUMNS, (_row(one, language) for one in clinics))


def _row(clinic: ClinicScore, language: str) -> Sequence[Cell]:
    vetoes = [_ITEMS[code][language] if code in _ITEMS else code for code in clinic.vetoes]
    return (
        clinic.name,
        clinic.village_code,
        clinic.village_name,
        clinic.township_name,
        _CLASSES[clinic.clinic_class][language],
        clinic.score,
        clinic.audited_on,
        *(_points(clinic, name) for name in _DIMENSIONS),
        "; ".join(vetoes),
    )


def _points(clinic: ClinicScore, dimension: str) -> str:
    got, possible = clinic.dimensions.get(dimension, (0, 0))
    return f"{got:g}/{possible:g}" if possible else ""
