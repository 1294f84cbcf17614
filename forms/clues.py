"""Screening clues worked out again from the answers: the s_ lines of disease_screening.

A clue is a reason to see a doctor, never a diagnosis.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from forms.answers import Group
from forms.values import read_number

CHILD_YEARS = 14
"""Last completed year of age in which the two childhood diseases are looked for."""

ADULT_YEARS = 18
RAISED_SYSTOLIC, RAISED_DIASTOLIC = 140, 90
RAISED_FASTING_GLUCOSE, RAISED_GLUCOSE = 7.0, 11.1
SWELLING_SYSTOLIC = 160

_LEUKAEMIA_SIGNS = frozenset({"fever_2w", "pallor", "bruise", "bone_pain", "nodes"})


@dataclass(frozen=True, slots=True)
class ScreeningAnswers:
    """What one person said and what was measured. Sets are empty and texts "" where not asked.

    Pressures in mmHg, glucose in mmol/L, None where not measured; `fasted` for 8 hours or more.
    """

    age_years: float | None = None
    reported: frozenset[str] = frozenset()
    special: frozenset[str] = frozenset()
    adult: frozenset[str] = frozenset()
    woman: frozenset[str] = frozenset()
    child: frozenset[str] = frozenset()
    mental: frozenset[str] = frozenset()
    dust: str = ""
    tb_history: str = ""
    dialysis: str = ""
    fobt: str = ""
    cervix: str = ""
    breast: str = ""
    systolic: float | None = None
    diastolic: float | None = None
    glucose: float | None = None
    fasted: bool = False


def screening_answers(person: Group) -> ScreeningAnswers:
    """Return a person's answers by their concepts: clue., measure., finding.reported, .special."""
    clues = person.concepts("clue.")
    measures = person.concepts("measure.")
    fasting_glucose = read_number(measures.get("fbg", ""))
    glucose = read_number(measures.get("glucose", ""))
    return ScreeningAnswers(
        age_years=read_number(person.concept("person.age") or ""),
        reported=_words(person.concept("finding.reported")),
        special=_words(person.concept("finding.special")),
        adult=_words(clues.get("adult")),
        woman=_words(clues.get("woman")),
        child=_words(clues.get("child")),
        mental=_words(clues.get("mental")),
        dust=clues.get("dust", ""),
        tb_history=clues.get("tb_history", ""),
        dialysis=clues.get("dialysis", ""),
        fobt=clues.get("fobt", ""),
        cervix=clues.get("cervix", ""),
        breast=clues.get("breast", ""),
        systolic=read_number(measures.get("sbp", "")),
        diastolic=read_number(measures.get("dbp", "")),
        glucose=glucose if glucose is not None else fasting_glucose,
        fasted=measures.get("fasting") == "yes"
        or (glucose is None and fasting_glucose is not None),
    )


def screening_clues(answers: ScreeningAnswers) -> list[str]:
    """Return the clue codes the answers give, in the form's order."""
    return [code for code, is_given in _RULES.items() if is_given(answers)]


def _is_child(one: ScreeningAnswers) -> bool:
    return one.age_years is not None and one.age_years <= CHILD_YEARS


def _childhood_leukaemia(one: ScreeningAnswers) -> bool:
    # Soft signs: one alone is common in healthy children.
    return _is_child(one) and (
        "childhood_leukaemia" in one.reported or len(one.child & _LEUKAEMIA_SIGNS) >= 2
    )


def _childhood_chd(one: ScreeningAnswers) -> bool:
    return _is_child(one) and (
        "childhood_chd" in one.reported
        or bool(one.child & {"cyanosis", "murmur"})
        or one.child >= {"feeding", "pneumonia"}
    )


def _oesophageal_cancer(one: ScreeningAnswers) -> bool:
    return "oesophageal_cancer" in one.reported or "dysphagia" in one.adult


def _gastric_cancer(one: ScreeningAnswers) -> bool:
    return "gastric_cancer" in one.reported or "black_stool" in one.adult


def _colorectal(one: ScreeningAnswers) -> bool:
    return (
        bool(one.reported & {"colon_cancer", "rectal_cancer"})
        or "blood_stool" in one.adult
        or one.fobt == "positive"
    )


def _esrd(one: ScreeningAnswers) -> bool:
    is_at_risk = _reaches(one.systolic, SWELLING_SYSTOLIC) or "diabetes" in one.reported
    return "esrd" in one.reported or one.dialysis == "yes" or ("oedema" in one.adult and is_at_risk)


def _severe_mental_disorder(one: ScreeningAnswers) -> bool:
    has_clue = bool(one.mental) and "none" not in one.mental
    return "severe_mental_disorder" in one.reported or has_clue


def _tb(one: ScreeningAnswers) -> bool:
    return (
        "mdr_tb" in one.reported
        or "active_tb" in one.special
        or one.tb_history == "yes"
        or bool(one.adult & {"haemoptysis", "cough_2w"})
    )


def _cervical_cancer(one: ScreeningAnswers) -> bool:
    return "cervical_cancer" in one.reported or "bleeding" in one.woman or one.cervix == "positive"


def _breast_cancer(one: ScreeningAnswers) -> bool:
    return (
        "breast_cancer" in one.reported
        or bool(one.woman & {"breast_lump", "nipple"})
        or one.breast == "positive"
    )


def _lung_cancer(one: ScreeningAnswers) -> bool:
    return (
        "lung_cancer" in one.reported
        or "haemoptysis" in one.adult
        or one.adult >= {"cough_2w", "weight_loss"}
    )


def _pneumoconiosis(one: ScreeningAnswers) -> bool:
    has_sign = bool(one.adult & {"breathless", "cough_2w"})
    return "pneumoconiosis" in one.reported or (one.dust == "yes" and has_sign)


def _special_reported(one: ScreeningAnswers) -> bool:
    return "other_special" in one.reported


def _hypertension(one: ScreeningAnswers) -> bool:
    return _reaches(one.age_years, ADULT_YEARS) and (
        "hypertension" in one.reported
        or _reaches(one.systolic, RAISED_SYSTOLIC)
        or _reaches(one.diastolic, RAISED_DIASTOLIC)
    )


def _diabetes(one: ScreeningAnswers) -> bool:
    return (
        "diabetes" in one.reported
        or (one.fasted and _reaches(one.glucose, RAISED_FASTING_GLUCOSE))
        or _reaches(one.glucose, RAISED_GLUCOSE)
    )


_RULES: dict[str, Callable[[ScreeningAnswers], bool]] = {
    "childhood_leukaemia": _childhood_leukaemia,
    "childhood_chd": _childhood_chd,
    "oesophageal_cancer": _oesophageal_cancer,
    "gastric_cancer": _gastric_cancer,
    "colorectal_suspect": _colorectal,
    "esrd": _esrd,
    "severe_mental_disorder": _severe_mental_disorder,
    "tb_suspect": _tb,
    "cervical_cancer": _cervical_cancer,
    "breast_cancer": _breast_cancer,
    "lung_cancer": _lung_cancer,
    "pneumoconiosis": _pneumoconiosis,
    "special_reported": _special_reported,
    "hypertension": _hypertension,
    "diabetes": _diabetes,
}


def _reaches(value: float | None, limit: float) -> bool:
    return value is not None and value >= limit


def _words(text: str | None) -> frozenset[str]:
    return frozenset((text or "").split())
