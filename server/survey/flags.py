"""Flags in few words: what each code is called in a list, and how many there are in all."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server.survey.areas import Scope
from server.tables.projections import VillageTally

# Message ids: a code in few words, for lists; the full sentence stands at each flag.
TITLES = {
    "not_integer": "Not a whole number",
    "not_decimal": "Not a number",
    "not_date": "Not a date",
    "not_datetime": "Not a date and time",
    "not_time": "Not a time of day",
    "not_geopoint": "Not a position",
    "not_geotrace": "Not a line of positions",
    "not_boolean": "Neither true nor false",
    "not_file_name": "Not a file name",
    "unknown_choice": "Not one of the choices",
    "too_low": "Value too low",
    "too_high": "Value too high",
    "required_missing": "A required answer is missing",
    "unknown_field": "Answer to a question the form does not have",
    "entity_list_unknown": "Entity list not declared",
    "entity_id_missing": "Entity without an id",
    "entity_id_malformed": "Entity with a malformed id",
    "entity_label_missing": "Entity without a label",
    "entity_base_missing": "Entity change without its base version",
    "entity_branch_missing": "Entity change without its branch",
    "entity_action_undeclared": "Entity change the form does not declare",
    "entity_exists": "Entity that was there already",
    "entity_not_found": "Change of an unknown entity",
    "entity_version_unknown": "Entity change based on an unknown version",
    "entity_deleted": "Change of a deleted entity",
    "entity_twice": "Entity changed twice at once",
    "id_first_generation": "ID number of the first generation",
    "id_malformed": "Malformed ID number",
    "id_birth_date": "ID number with an impossible birth date",
    "id_birth_range": "ID number with a birth date out of range",
    "id_checksum": "ID number with a wrong check character",
    "birth_date_not_of_id": "Birth date differs from the ID number",
    "birth_year_not_of_id": "Birth year differs from the ID number",
    "sex_not_of_id": "Sex differs from the ID number",
    "birth_date_impossible": "Impossible birth date",
    "birth_year_impossible": "Impossible birth year",
    "age_impossible": "Impossible age",
    "age_unusual": "Unusual age",
    "age_not_of_birth": "Age differs from the birth date",
    "household_size_differs": "Household size differs from the persons listed",
    "no_head": "Household without a head",
    "several_heads": "Household with several heads",
    "head_too_young": "Very young head of household",
    "child_older_than_parent": "Child older than a parent",
    "id_number_twice": "One ID number for two persons",
    "cause_missing": "Cause of poverty missing",
    "measure_impossible": "Impossible measurement",
    "measure_unusual": "Unusual measurement",
    "pressures_too_close": "Blood pressures too close together",
    "man_pregnant": "Pregnancy of a man",
    "child_hypertension": "Child treated for high blood pressure",
    "end_before_start": "Visit ended before it started",
    "start_in_future": "Visit started in the future",
    "clock_ahead": "Phone's clock runs ahead",
    "visit_too_short": "Very short visit",
    "visit_in_future": "Visit on a future day",
    "visit_backdated": "Visit written down days later",
    "fix_missing": "No position",
    "fix_inaccurate": "Inaccurate position",
    "fix_zero": "Position 0, 0",
    "far_from_village": "Far from the village",
    "clues_differ": "Clues differ from the answers",
    "class_differs": "Class differs from the answers",
    "referral_missing": "Referral missing",
    "next_visit_late": "Next visit planned too late",
    "score_differs": "Score differs from the items",
    "result_differs": "Result differs from the items",
    "village_unknown": "Village not in the register",
}


def title(code: str) -> str:
    """Return the message id of a code's title; a code that has none is its own."""
    return TITLES.get(code, code)


def total(session: Session, scope: Scope) -> int:
    """Return how many flags the scope's submissions carry. Costs villages, not submissions."""
    query = select(func.sum(VillageTally.flags)).where(scope.where(VillageTally.village_code))
    return int(session.scalar(query) or 0)
