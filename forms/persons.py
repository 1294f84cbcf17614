"""What is said of one person, held against itself: ID number, birth, sex, age."""

from __future__ import annotations

from datetime import date

from forms.answers import Group
from forms.idnumber import FIRST_BIRTH_YEAR, ResidentId, id_fault, read_id
from forms.measurements import LIMITS
from forms.problems import Complaint
from forms.values import read_day, read_integer, read_number

MESSAGES = {
    "id_first_generation": "A 15-digit ID number of the first generation is no longer valid.",
    "id_malformed": "The ID number is not 17 digits and a digit or X.",
    "id_birth_date": "The birth date in the ID number does not exist.",
    "id_birth_range": "The birth date in the ID number is before 1900 or in the future.",
    "id_checksum": "The last character of the ID number does not fit the others.",
    "birth_date_not_of_id": "The birth date %(said)s is not that of the ID number, %(id)s.",
    "birth_year_not_of_id": "The birth year %(said)s is not that of the ID number, %(id)s.",
    "sex_not_of_id": "The sex is not that of the ID number.",
    "birth_date_impossible": "The birth date %(said)s is before 1900 or in the future.",
    "birth_year_impossible": "The birth year %(said)s is before 1900 or in the future.",
    "age_impossible": "Age %(said)s is not possible: it must lie between %(lower)s and %(upper)s.",
    "age_unusual": "Age %(said)s is unusual.",
    "age_not_of_birth": "Age %(said)s does not fit the birth date or year: about %(computed)s.",
}

# Forms work out an age by the year of birth alone, or by years of 365.25 days.
_AGE_TOLERANCE_YEARS = 1


def born_on(person: Group, today: date) -> date | None:
    """Return the birth date: the one said, else that of a right ID number, else None."""
    said = read_day(person.concept("person.birth_date") or "")
    if said is not None:
        return said
    holder = read_id(person.concept("person.id_number") or "", today)
    return holder.birth_date if holder else None


def birth_year(person: Group, today: date) -> int | None:
    """Return the year of birth by date, ID number or the year said, None when not known."""
    born = born_on(person, today)
    return born.year if born else read_integer(person.concept("person.birth_year") or "")


def age_years(person: Group, on: date) -> float | None:
    """Return the age said, else in completed years by the birth date, else by the year alone."""
    said = read_number(person.concept("person.age") or "")
    return said if said is not None else _computed_age(person, on)


def completed_years(born: date, on: date) -> int:
    """Return the age in completed years; negative before birth."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def person_complaints(person: Group, visited_on: date, today: date) -> list[Complaint]:
    """Return what does not fit in one person's answers.

    `visited_on` is the day the ages were said, `today` that of receipt: the last a birth can be.
    """
    found: list[Complaint] = []
    number = person.concept("person.id_number")
    if number:
        fault = id_fault(number, today)
        holder = read_id(number, today)
        if fault:
            found.append(person.complaint(fault, "person.id_number"))
        elif holder:
            found += _against_id(person, holder)
    found += _birth(person, today)
    found += _age(person, visited_on)
    return found


def _against_id(person: Group, holder: ResidentId) -> list[Complaint]:
    found = []
    said = read_day(person.concept("person.birth_date") or "")
    if said and said != holder.birth_date:
        words = {"said": said.isoformat(), "id": holder.birth_date.isoformat()}
        found.append(person.complaint("birth_date_not_of_id", "person.birth_date", **words))
    year = read_integer(person.concept("person.birth_year") or "")
    if year is not None and year != holder.birth_date.year:
        years = {"said": year, "id": holder.birth_date.year}
        found.append(person.complaint("birth_year_not_of_id", "person.birth_year", **years))
    sex = person.concept("person.sex")
    if sex in ("male", "female") and sex != holder.sex:
        found.append(person.complaint("sex_not_of_id", "person.sex"))
    return found


def _birth(person: Group, today: date) -> list[Complaint]:
    found = []
    said = read_day(person.concept("person.birth_date") or "")
    if said and (said.year < FIRST_BIRTH_YEAR or said > today):
        day = said.isoformat()
        found.append(person.complaint("birth_date_impossible", "person.birth_date", said=day))
    year = read_integer(person.concept("person.birth_year") or "")
    if year is not None and not FIRST_BIRTH_YEAR <= year <= today.year:
        found.append(person.complaint("birth_year_impossible", "person.birth_year", said=year))
    return found


def _age(person: Group, visited_on: date) -> list[Complaint]:
    said = read_number(person.concept("person.age") or "")
    if said is None:
        return []
    limits, text = LIMITS["age"], f"{said:.10g}"
    if not limits.hard[0] <= said <= limits.hard[1]:
        lower, upper = (f"{limit:g}" for limit in limits.hard)
        words = {"said": text, "lower": lower, "upper": upper}
        return [person.complaint("age_impossible", "person.age", **words)]
    found = []
    if not limits.soft[0] <= said <= limits.soft[1]:
        found.append(person.complaint("age_unusual", "person.age", said=text))
    computed = _computed_age(person, visited_on)
    if computed is not None and abs(said - computed) > _AGE_TOLERANCE_YEARS:
        words = {"said": text, "computed": str(computed)}
        found.append(person.complaint("age_not_of_birth", "person.age", **words))
    return found


def _computed_age(person: Group, on: date) -> int | None:
    born = born_on(person, on)
    if born:
        return completed_years(born, on)
    year = read_integer(person.concept("person.birth_year") or "")
    return on.year - year if year is not None else None
