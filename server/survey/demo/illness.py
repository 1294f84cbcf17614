"""What a screening or a follow-up visit finds: prevalences of Gaochuan, invented readings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from forms.clues import ScreeningAnswers

# Hypertension by age, from 18 on: 21.6 % of all inhabitants with the ages of `people`.
_PRESSURE_BY_AGE = ((35, 0.05), (45, 0.15), (55, 0.28), (65, 0.42), (200, 0.55))
MANY_SICK_TIMES = 4
_MOST_SICK = 0.95
# Diabetes is asked from 35 on: 4.9 % of all inhabitants.
_DIABETES = 0.080
_MENTAL = 0.0051
_KNOWN_SHARE = 0.6
# Of persons of 40 and more that a doctor has told, by disease: invented, of a plausible order.
_TOLD_LATE = (
    ("oesophageal_cancer", 0.0026),
    ("gastric_cancer", 0.0024),
    ("colon_cancer", 0.0012),
    ("rectal_cancer", 0.0012),
    ("esrd", 0.0014),
    ("mdr_tb", 0.0003),
    ("lung_cancer", 0.0024),
    ("pneumoconiosis", 0.0014),
)
_TOLD_WOMEN = (("cervical_cancer", 0.0018), ("breast_cancer", 0.0024))
_TOLD_CHILDREN = (("childhood_chd", 0.0035), ("childhood_leukaemia", 0.0007))
_SIGNS = (
    ("cough_2w", 0.006),
    ("black_stool", 0.002),
    ("dysphagia", 0.0018),
    ("blood_stool", 0.0025),
    ("haemoptysis", 0.0008),
    ("weight_loss", 0.004),
    ("breathless", 0.02),
    ("lump", 0.002),
)
_SIGNS_WOMEN = (("bleeding", 0.003), ("breast_lump", 0.003))
_SIGNS_CHILDREN = (("murmur", 0.003), ("pallor", 0.006), ("bruise", 0.003))
CHRONIC = frozenset({"hypertension", "diabetes"})
_NONE = frozenset({"none"})
_LEAST_ADULT_KG = 36.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Two pressures in mmHg; the second is None where the form does not ask for it."""

    first: tuple[int, int]
    second: tuple[int, int] | None

    @property
    def mean(self) -> tuple[int, int]:
        """What the form works out: the mean of two readings, rounded half up."""
        if self.second is None:
            return self.first
        systolic, diastolic = (a + b + 1 for a, b in zip(self.first, self.second, strict=True))
        return systolic // 2, diastolic // 2


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything a screening asks and measures of one person."""

    answers: ScreeningAnswers
    reading: Reading | None
    height_cm: float
    weight_kg: float
    waist_cm: float
    temperature_c: float
    pulse: int

    @property
    def body_mass_index(self) -> float:
        """What the form works out, in kg/m² with one decimal."""
        return round(self.weight_kg / (self.height_cm / 100) ** 2, 1)


def examine(
    random: Random, sex: str, age: int, *, many_sick: bool = False, round_numbers: bool = False
) -> Condition:
    """Return what a screening finds in a person of this sex and age in whole years."""
    reported: set[str] = set()
    reading = None
    if age >= 18:
        has_pressure = random.random() < _pressure_share(age, many_sick)
        is_told = has_pressure and random.random() < _KNOWN_SHARE
        if is_told:
            reported.add("hypertension")
        is_high = has_pressure and (not is_told or random.random() < 0.5)
        reading = a_reading(random, is_high, round_numbers)
    answers = ScreeningAnswers(age_years=age)
    if age >= 35:
        answers = _glucose(random, answers, reported)
    reported |= _told(random, sex, age)
    height, weight = _body(random, sex, age)
    answers = _symptoms(random, answers, sex, age)
    systolic, diastolic = reading.mean if reading else (None, None)
    return Condition(
        answers=replace(
            answers, reported=frozenset(reported), systolic=systolic, diastolic=diastolic
        ),
        reading=reading,
        height_cm=height,
        weight_kg=weight,
        waist_cm=round(min(118.0, max(58.0, random.gauss(83, 8))), 1),
        temperature_c=round(random.uniform(36.0, 36.9), 1),
        pulse=random.randint(60, 92),
    )


def a_reading(random: Random, is_high: bool, round_numbers: bool = False) -> Reading:
    """Return a pressure above or below 140 over 90; `round_numbers` leaves only tens."""
    if is_high:
        systolic = int(_folded(random.gauss(156, 9), 146, 188))
        diastolic = min(122, systolic - random.randint(52, 70))
    else:
        systolic = int(_folded(random.gauss(121, 8), 98, 137))
        diastolic = int(_folded(systolic - random.randint(36, 50), 54, 87))
    if round_numbers:
        systolic, diastolic = systolic // 10 * 10, diastolic // 10 * 10
    if systolic < 140:
        return Reading((systolic, diastolic), None)
    less = 0 if round_numbers else random.randint(0, 5)
    return Reading((systolic, diastolic), (systolic - less, diastolic - less // 2))


def _folded(value: float, least: float, most: float) -> float:
    """Return what is out of bounds as far inside them: cut off, it would heap one last digit."""
    inside = most - (value - most) if value > most else value
    inside = least + (least - inside) if inside < least else inside
    return min(most, max(least, inside))


def _pressure_share(age: int, many_sick: bool) -> float:
    share = next(share for below, share in _PRESSURE_BY_AGE if age < below)
    return min(_MOST_SICK, share * MANY_SICK_TIMES) if many_sick else share


def _glucose(random: Random, answers: ScreeningAnswers, reported: set[str]) -> ScreeningAnswers:
    is_diabetic = random.random() < _DIABETES
    if is_diabetic and random.random() < _KNOWN_SHARE:
        reported.add("diabetes")
    has_fasted = random.random() < 0.75
    if is_diabetic:
        value = random.uniform(7.2, 12.5) if has_fasted else random.uniform(11.3, 15.5)
    else:
        value = random.uniform(4.3, 6.2) if has_fasted else random.uniform(4.8, 9.4)
    return replace(answers, glucose=round(value, 1), fasted=has_fasted)


def _told(random: Random, sex: str, age: int) -> set[str]:
    """Return the catalogue's diseases that a doctor has told the person."""
    told: set[str] = set()
    if age <= 14:
        told |= _drawn(random, _TOLD_CHILDREN)
    elif random.random() < _MENTAL * 1.1:
        told.add("severe_mental_disorder")
    if age >= 40:
        told |= _drawn(random, _TOLD_LATE)
        if sex == "female":
            told |= _drawn(random, _TOLD_WOMEN)
    return told


def _symptoms(random: Random, answers: ScreeningAnswers, sex: str, age: int) -> ScreeningAnswers:
    asks_mental = age >= 6
    mental = frozenset({"voices"}) if asks_mental and random.random() < 0.0006 else _NONE
    answers = replace(answers, mental=mental if asks_mental else frozenset())
    if age < 15:
        return replace(answers, child=frozenset(_drawn(random, _SIGNS_CHILDREN)) or _NONE)
    is_late = age >= 40
    woman = frozenset(_drawn(random, _SIGNS_WOMEN)) if is_late else frozenset()
    is_asked_tests = sex == "female" and 35 <= age <= 64
    return replace(
        answers,
        adult=(frozenset(_drawn(random, _SIGNS)) if is_late else frozenset()) or _NONE,
        woman=(woman or _NONE) if sex == "female" else frozenset(),
        dust="yes" if sex == "male" and is_late and random.random() < 0.06 else "no",
        tb_history="yes" if random.random() < 0.0008 else "no",
        dialysis="no",
        fobt=_test(random, 0.006) if is_late and random.random() < 0.3 else "",
        cervix=_test(random, 0.004) if is_asked_tests and random.random() < 0.4 else "",
        breast=_test(random, 0.004) if is_asked_tests and random.random() < 0.4 else "",
    )


def _drawn(random: Random, rates: tuple[tuple[str, float], ...]) -> set[str]:
    # One draw says for most people that there is nothing, which keeps a million people cheap.
    if random.random() > sum(rate for _, rate in rates):
        return set()
    return {random.choices([code for code, _ in rates], [rate for _, rate in rates])[0]}


def _test(random: Random, positive: float) -> str:
    return "positive" if random.random() < positive else "negative"


def _body(random: Random, sex: str, age: int) -> tuple[float, float]:
    """Return height in cm and weight in kg, which together make a possible body."""
    if age >= 18:
        mean = 168 if sex == "male" else 157
        height = round(min(188.0, max(143.0, random.gauss(mean, 5.5))), 1)
        index = min(36.0, max(16.5, random.gauss(24, 3)))
    else:
        height = round(62 + age * 6.1 + random.uniform(-3, 3), 1)
        index = random.uniform(14.8, 17.0) if age < 12 else random.uniform(17, 21)
    weight = round(index * (height / 100) ** 2, 1)
    return height, max(weight, _LEAST_ADULT_KG) if age >= 18 else weight
