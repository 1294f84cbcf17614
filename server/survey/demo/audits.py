"""The demo's clinic audits: which clinic on which day, and what was found there."""

from __future__ import annotations

from random import Random

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
