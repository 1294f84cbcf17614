"""The members of a household held against one another and against what is said of the household."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from forms.answers import Answers, Group
from forms.idnumber import normal_form
from forms.persons import age_years, birth_year, born_on
from forms.problems import Complaint
from forms.values import read_integer

MESSAGES = {
    "household_size_differs": "The household has %(size)s persons, but %(listed)s are listed.",
    "no_head": "Nobody is the head of the household.",
    "several_heads": "%(heads)s persons are the head of the household.",
    "head_too_young": "The head of the household is %(age)s years old.",
    "child_older_than_parent": "A child is as old as a parent, or older.",
    "id_number_twice": "The same ID number is given for two persons of the household.",
    "cause_missing": "A registered household needs its main cause of poverty.",
}

REGISTERED_KINDS = frozenset({"poor", "lifted", "new", "returned"})
"""Kinds of household on the poverty register, for which the cause must be known."""

YOUNGEST_HEAD_YEARS = 14


def members(answers: Answers) -> list[Group]:
    """Return the persons of a household: the repetitions that are asked a name or an ID number."""
    return [
        group
        for group in answers.groups("person.")
        if group.scope
        and (group.has_concept("person.name") or group.has_concept("person.id_number"))
    ]


def household_complaints(answers: Answers, visited_on: date, today: date) -> list[Complaint]:
    """Return what does not fit among the persons of a household form; [] for other forms."""
    persons = members(answers)
    found = _cause(answers)
    found += _size(answers, persons)
    found += _heads(answers, persons, visited_on)
    found += _generations(persons, today)
    found += _same_numbers(persons)
    return found


def _cause(answers: Answers) -> list[Complaint]:
    if answers.concept("household.kind") not in REGISTERED_KINDS:
        return []
    if not answers.has_concept("household.cause") or answers.concept("household.cause"):
        return []
    return [answers.complaint("cause_missing", "household.cause")]


def _size(answers: Answers, persons: Sequence[Group]) -> list[Complaint]:
    size = read_integer(answers.concept("household.size") or "")
    lists_members = any(
        answers.plan.sources(scope, "person.name")
        or answers.plan.sources(scope, "person.id_number")
        for scope in answers.plan.repeats
    )
    if size is None or size == len(persons) or not lists_members:
        return []
    words = {"size": size, "listed": len(persons)}
    return [answers.complaint("household_size_differs", "household.size", **words)]


def _heads(answers: Answers, persons: Sequence[Group], visited_on: date) -> list[Complaint]:
    if not any(person.concept("person.relation") for person in persons):
        return []
    heads = [person for person in persons if person.concept("person.relation") == "head"]
    if not heads:
        path = persons[0].concept_path("person.relation")
        return [Complaint("no_head", path)]
    found = []
    if len(heads) > 1:
        found.append(heads[1].complaint("several_heads", "person.relation", heads=len(heads)))
    for head in heads:
        age = age_years(head, visited_on)
        if age is not None and age < YOUNGEST_HEAD_YEARS:
            found.append(head.complaint("head_too_young", "person.relation", age=f"{age:g}"))
    return found


def _generations(persons: Sequence[Group], today: date) -> list[Complaint]:
    """Complain of children of the head as old as he, and of parents as young. One head only."""
    heads = [person for person in persons if person.concept("person.relation") == "head"]
    if len(heads) != 1:
        return []
    head, found = heads[0], []
    for person in persons:
        relation = person.concept("person.relation")
        if relation in ("child", "grandchild"):
            is_wrong = _is_older(person, head, today)
        elif relation == "parent":
            is_wrong = _is_older(head, person, today)
        else:
            continue
        if is_wrong:
            found.append(person.complaint("child_older_than_parent", "person.relation"))
    return found


def _is_older(child: Group, parent: Group, today: date) -> bool:
    """Say whether the child was born no later than the parent; False when it cannot be told."""
    births = born_on(child, today), born_on(parent, today)
    if births[0] and births[1]:
        return births[0] <= births[1]
    years = birth_year(child, today), birth_year(parent, today)
    return years[0] is not None and years[1] is not None and years[0] <= years[1]


def _same_numbers(persons: Sequence[Group]) -> list[Complaint]:
    seen: set[str] = set()
    found = []
    for person in persons:
        number = normal_form(person.concept("person.id_number") or "")
        if number and number in seen:
            found.append(person.complaint("id_number_twice", "person.id_number"))
        seen.add(number)
    return found
