"""The demo's clinic audits: which clinic on which day, what was found, and the clinic_audit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random

from forms.audit import ITEMS, VILLAGE_CLINIC, AuditAnswers, audit_score
from server.survey.demo.documents import Call, Nodes, document, entity_block, nodes, when

LONG_AGO = 400
"""Days ago of the one audit that no longer counts: older than 12 months."""

_SHARED_YES_NO = [
    "own_public",
    "own_doc",
    "own_assets",
    "room_consult",
    "room_treat",
    "room_ph",
    "room_pharm",
    "sign_board",
    "utilities",
    "eq_cabinet",
    "eq_glucose",
    "eq_anthro",
    "eq_emerg",
    "eq_steril",
    "bp_device_ok",
    "tcm",
    "sign_board_fees",
    "sharps",
    "round_visit",
    "it_device",
    "it_net",
    "int_staff",
    "int_perf",
    "int_finance",
    "int_ledger",
    "int_supervise",
]
_VETOES = [
    "own_present",
    "no_forbidden_room",
    "eq_core",
    "licence",
    "ebm_zero_markup",
    "drug_expired",
]
# How often a clinic of each kind lacks one thing.
_LACKS = (0.02, 0.02, 0.07, 0.12, 0.3)


def days_ago(number: int) -> int | None:
    """Return when the clinic of the village with this number, from 0, is audited; None: never."""
    if number % 9 == 4:
        return None
    return LONG_AGO if number == 2 else 3 + number * 7 % 50


def findings(random: Random) -> tuple[dict[str, str], bool]:
    """Return the answers by item, and whether the village has its own doctor."""
    lacks = random.choice(_LACKS)
    items = {code: "no" if random.random() < lacks else "yes" for code in _SHARED_YES_NO}
    items |= dict.fromkeys(_VETOES, "yes")
    if random.random() < 0.1:
        items[random.choice(_VETOES)] = "no"
    has_own_doctor = random.random() < 0.9
    is_weak = lacks > 0.1
    items |= {
        "area_m2": str(random.randint(42 if is_weak else 60, 110)),
        "room_obs": random.choice(("yes", "yes", "na")),
        "doctor_count": str(random.randint(1, 2) if has_own_doctor else 0),
        "train_days": str(random.randint(6 if is_weak else 10, 16)),
        "drug_kinds": str(random.randint(48 if is_weak else 60, 95)),
        "followup_records": str(random.randint(3 if is_weak else 4, 5)),
        "policy_known": str(random.randint(1, 3)),
        "it_ehr": str(random.randint(1 if is_weak else 2, 3)),
        "it_settle": random.choice(("yes", "yes", "no", "na")),
    }
    if not has_own_doctor:
        items["doctor_post"] = "8"
    return items, has_own_doctor


def audit_xml(
    call: Call,
    version: str,
    clinic_id: str,
    items: Mapping[str, str],
    served: int,
    *,
    has_own_doctor: bool,
    photos: tuple[str, str],
) -> bytes:
    """Return a clinic_audit. `items` are the answers by item; `photos` the front and a signature.

    An item that is not asked (a posted doctor where the village has its own) is left out.
    """
    scored = audit_score(VILLAGE_CLINIC, AuditAnswers(items, served, has_own_doctor))
    site: Nodes = {
        "clinic": clinic_id,
        "c_village": call.village_code,
        "audit_date": call.day,
        "served": served,
        "own_doctor": "yes" if has_own_doctor else "no",
        "location": call.fix,
        "front": photos[0],
    }
    ratio = f"{round(int(items['doctor_count']) / served * 1000, 2):g}"
    body = f"<site>{nodes(site)}</site>"
    for dimension, (got, possible) in scored.dimensions.items():
        asked: Nodes = {}
        for item in ITEMS[VILLAGE_CLINIC]:
            if item.dimension != dimension:
                continue
            text = ratio if item.code == "doctor_ratio" else items.get(item.code)
            is_counted = text is not None and text != "na"
            asked |= when(text is not None, **{item.code: text})
            asked[f"p_{item.code}"] = item.points if is_counted and item.passes(text or "") else 0
            asked[f"m_{item.code}"] = item.points if is_counted else 0
        asked |= {f"got_{dimension}": got, f"max_{dimension}": possible}
        body += f"<{dimension}>{nodes(asked)}</{dimension}>"
    is_failed = scored.result == "fail"
    total: Nodes = {
        "got": scored.got,
        "possible": scored.possible,
        "score": f"{scored.score or 0:g}",
        "veto": int(bool(scored.vetoes)),
        "result": scored.result,
        "audit_str": call.day,
        "score_note": "",
        **when(is_failed, problems="见否决项与未达标项目", fix_by=call.day + timedelta(days=60)),
        "auditors": "核查一组 两人",
        "sign_auditor": photos[1],
        "sign_doctor": "",
    }
    update = 'update="1" baseVersion="1" trunkVersion="" branchId=""'
    entity = entity_block("clinics", clinic_id, update)
    name = f"{clinic_id} {call.day}"
    return document("clinic_audit", version, call, f"{body}<sum>{nodes(total)}</sum>", name, entity)
