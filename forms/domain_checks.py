"""Level 2: answers against what can be so in a village. By concept, so for any form."""

from __future__ import annotations

from datetime import date, datetime

from forms import combinations, households, measurements, persons, results, visits
from forms.answers import Answers
from forms.problems import Complaint
from forms.values import read_day

MESSAGES = {
    **persons.MESSAGES,
    **households.MESSAGES,
    **measurements.MESSAGES,
    **combinations.MESSAGES,
    **visits.MESSAGES,
    **results.MESSAGES,
}
"""English message ids of every complaint of level 2, `far_from_village` included."""


def domain_complaints(answers: Answers, received_at: datetime, today: date) -> list[Complaint]:
    """Return what the survey's own rules find wrong, visit first, then persons in the order sent.

    `received_at` is the server's instant of receipt, aware; `today` its calendar day at the site.
    Distance from the village is not judged here: see `visits.village_complaints`. Pure.
    """
    visited_on = min(read_day(answers.concept("visit.date") or "") or today, today)
    found = visits.visit_complaints(answers, received_at, today)
    found += households.household_complaints(answers, visited_on, today)
    for person in answers.groups("person."):
        found += persons.person_complaints(person, visited_on, today)
        age_years = persons.age_years(person, visited_on)
        found += combinations.combination_complaints(person, age_years)
    for person in answers.groups("measure."):
        found += measurements.measurement_complaints(person, persons.age_years(person, visited_on))
    return found + results.result_complaints(answers, visited_on)
