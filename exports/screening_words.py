"""The words of a screening list in both languages: heads, states, reasons, lines of "about"."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, Mapping[str, str]]

SHEETS: Words = {
    "list": {"zh": "名单", "en": "List"},
    "removed": {"zh": "移出", "en": "Removed"},
    "about": {"zh": "说明", "en": "About"},
}

HEADS: Words = {
    "number": {"zh": "序号", "en": "No."},
    "change": {"zh": "变化", "en": "Change"},
    "township": {"zh": "乡镇", "en": "Township"},
    "village_code": {"zh": "村代码", "en": "Village code"},
    "village": {"zh": "村", "en": "Village"},
    "household_number": {"zh": "户编号", "en": "Household no."},
    "name": {"zh": "姓名", "en": "Name"},
    "sex": {"zh": "性别", "en": "Sex"},
    "birth_date": {"zh": "出生日期", "en": "Birth date"},
    "birth_year": {"zh": "出生年", "en": "Birth year"},
    "id_number": {"zh": "身份证号", "en": "ID number"},
    "phone": {"zh": "电话", "en": "Phone"},
    "diseases": {"zh": "病种", "en": "Disease"},
    "types": {"zh": "大类", "en": "Type"},
    "states": {"zh": "状态", "en": "State"},
    "found_on": {"zh": "发现日期", "en": "Found on"},
    "worker": {"zh": "调查员", "en": "Worker"},
    "note": {"zh": "备注", "en": "Note"},
    "id": {"zh": "人员编号", "en": "Person id"},
    "reason": {"zh": "移出原因", "en": "Why removed"},
    "last_batch": {"zh": "原批次", "en": "Was in batch"},
}

SEXES: Words = {"male": {"zh": "男", "en": "male"}, "female": {"zh": "女", "en": "female"}}

CHANGES: Words = {
    "new": {"zh": "新增", "en": "new"},
    "changed": {"zh": "变更", "en": "changed"},
    "kept": {"zh": "保留", "en": "kept"},
}

STATES: Words = {
    "suspected": {"zh": "疑似", "en": "suspected"},
    "documented": {"zh": "有诊断证明", "en": "documented"},
    "referred": {"zh": "已转诊", "en": "referred"},
    "confirmed": {"zh": "已确诊", "en": "confirmed"},
    "excluded": {"zh": "已排除", "en": "excluded"},
    "lost": {"zh": "失访", "en": "lost"},
    "classed": {"zh": "已分类", "en": "classed"},
    "in_treatment": {"zh": "治疗中", "en": "in treatment"},
    "cured_closed": {"zh": "治愈销号", "en": "cured, closed"},
    "maintained": {"zh": "维持治疗", "en": "maintained"},
    "died": {"zh": "死亡", "en": "died"},
    "moved": {"zh": "迁出", "en": "moved away"},
}

REASONS: Words = {
    **{code: STATES[code] for code in ("excluded", "lost", "cured_closed", "died", "moved")},
    "treated": {"zh": "已完成治疗", "en": "treatment finished"},
    "merged": {"zh": "与另一人合并", "en": "merged with another person"},
    "no_longer_found": {"zh": "不再符合条件", "en": "no longer meets the conditions"},
}

ABOUT: Words = {
    "about": {"zh": "说明", "en": "About"},
    "content": {"zh": "内容", "en": "Content"},
    "batch": {"zh": "批次", "en": "Batch"},
    "batch_number": {"zh": "第 {number} 批", "en": "Batch {number}"},
    "title": {"zh": "名称", "en": "Title"},
    "window": {"zh": "救治时间", "en": "Treatment from – to"},
    "hospital": {"zh": "定点医院", "en": "Hospital"},
    "catalogue": {"zh": "病种目录", "en": "Catalogue"},
    "previous": {"zh": "对比批次", "en": "Compared with"},
    "no_previous": {"zh": "无（首批）", "en": "nothing: this is the first batch"},
    "persons": {"zh": "人数", "en": "Persons"},
    "removed": {"zh": "移出人数", "en": "Persons removed"},
    "disease_count": {"zh": "{disease}（人）", "en": "{disease} (persons)"},
    "several": {
        "zh": "一人可有多个病种，各病种人数之和可能大于总人数。",
        "en": "A person can have several diseases: they may add up to more than the persons.",
    },
    "clue": {
        "zh": "“疑似”是筛查线索，不是诊断。",
        "en": "“Suspected” is a clue from screening, not a diagnosis.",
    },
    "note": {"zh": "注", "en": "Note"},
    "made": {"zh": "制表", "en": "Made by"},
    "taken": {"zh": "下载", "en": "Downloaded by"},
    "privacy": {"zh": "个人信息", "en": "Personal data"},
    "masked": {"zh": "已脱敏", "en": "masked"},
    "full": {"zh": "未脱敏，用途：{reason}", "en": "in full, because: {reason}"},
}


def word(words: Words, code: str, language: str) -> str:
    """Return the word of a code, or the code itself where it has none: it may be somebody's own."""
    return words.get(code, {}).get(language, code)
