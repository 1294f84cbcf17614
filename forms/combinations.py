"""Answers that cannot both be so of one person: each possible alone."""

from __future__ import annotations

from forms.answers import Group
from forms.problems import Complaint

MESSAGES = {
    "man_pregnant": "A week of pregnancy is given for a man.",
    "child_hypertension": "High blood pressure is treated in a child of %(age)s years.",
}

YOUNGEST_TREATED_YEARS = 15
"""Below this age drugs for high blood pressure are given in hospitals only."""

_HYPERTENSION = "htn"


def combination_complaints(person: Group, age_years: float | None) -> list[Complaint]:
    """Return what does not go together in one person's answers; an unknown age fits anything."""
    found = []
    if person.concept("person.sex") == "male" and person.concept("measure.gest_week"):
        found.append(person.complaint("man_pregnant", "measure.gest_week"))
    modules = (person.concept("followup.module") or "").split()
    is_child = age_years is not None and age_years < YOUNGEST_TREATED_YEARS
    if is_child and _HYPERTENSION in modules:
        age = f"{age_years:g}"
        found.append(person.complaint("child_hypertension", "followup.module", age=age))
    return found
