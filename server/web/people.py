"""Households and persons: the lists that numbers open to, and what is known of one. Masked."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from exports.masking import mask_id_number, mask_name, mask_phone
from server.errors import NotValid
from server.survey import catalogue, duplicates, people, places
from server.survey.accounts import Right
from server.survey.areas import Scope
from server.survey.likeness import comparing, decided
from server.survey.likeness.settling import HOUSEHOLD, PERSON
from server.survey.people import PersonLine
from server.web import door, language
from server.web.language import _
from server.web.person_words import CASE_WORDS, KIND_WORDS, OUTCOME_WORDS, SCREENING_WORDS

pages = Blueprint("people", __name__)

SHORTEST_REASON = 4


@pages.get("/households")
@door.allow(Right.SEE_PERSONS)
def households() -> str:
    """List households by village; `village`, `outcome` and `township` narrow the list."""
    asked = _asked("village", "outcome", "township")
    page = people.households(
        door.session(),
        _scope(asked),
        village=asked.get("village"),
        outcome=asked.get("outcome"),
        after=request.args.get("after", ""),
    )
    return render_template(
        "households.html",
        page=page,
        asked=asked,
        place=_place(asked),
        outcome_words=OUTCOME_WORDS,
        kind_words=KIND_WORDS,
        mask_name=mask_name,
        older=_older("people.households", asked, page.next_key),
    )


@pages.get("/households/<household_id>")
@door.allow(Right.SEE_PERSONS)
def household(household_id: str) -> ResponseReturnValue:
    """Show one household: its members, masked, and the visits to it."""
    who, session = door.account(), door.session()
    counted = decided.counted_as(session, HOUSEHOLD, household_id)
    if counted != household_id:
        people.household(session, counted, who.scope)  # Where it led is told to nobody else.
        return redirect(url_for("people.household", household_id=counted))
    found = people.household(session, household_id, who.scope)
    members = people.persons(
        session,
        who.scope,
        household_id=household_id,
        may_see_sensitive=who.may(Right.SEE_SENSITIVE),
    )
    door.journal("household_seen", f"household {household_id}", masked=True)
    return render_template(
        "household.html",
        household=found,
        phone=mask_phone(found.phone),
        members=members.lines,
        visits=people.visits(session, household_id),
        doubles=duplicates.of_household(session, household_id, who.scope),
        decisions=comparing.of_subject(session, HOUSEHOLD, household_id, who.scope),
        may_open=who.may(Right.SEE_SUBMISSIONS),
        **_words(),
    )


@pages.get("/persons")
@door.allow(Right.SEE_PERSONS)
def persons() -> str:
    """List persons; `village`, `township`, `screening`, `state` and `code` narrow the list."""
    who = door.account()
    asked = _asked("village", "township", "screening", "state", "code")
    page = people.persons(
        door.session(),
        _scope(asked),
        may_see_sensitive=who.may(Right.SEE_SENSITIVE),
        village=asked.get("village"),
        screening=asked.get("screening"),
        state=asked.get("state"),
        code=asked.get("code"),
        after=request.args.get("after", ""),
    )
    return render_template(
        "persons.html",
        page=page,
        asked=asked,
        place=_place(asked),
        older=_older("people.persons", asked, page.next_key),
        **_words(),
    )


@pages.get("/persons/<person_id>")
@door.allow(Right.SEE_PERSONS)
def person(person_id: str) -> ResponseReturnValue:
    """Show one person, masked."""
    counted = decided.counted_as(door.session(), PERSON, person_id)
    if counted != person_id:
        _find(counted)  # Where it led is told to nobody else.
        return redirect(url_for("people.person", person_id=counted))
    found = _find(person_id)
    door.journal("person_seen", f"person {person_id}", masked=True)
    return _person_page(found, is_masked=True, errors={})


@pages.post("/persons/<person_id>")
@door.allow(Right.REVEAL_PERSONS)
def reveal(person_id: str) -> ResponseReturnValue:
    """Show one person in full, for a reason that the journal keeps."""
    found = _find(person_id)
    with door.keeping_input() as fault:
        reason = request.form.get("reason", "").strip()
        if len(reason) < SHORTEST_REASON:
            raise NotValid("Say in a few words why full names are needed.", field="reason")
    if fault:
        return _person_page(found, is_masked=True, errors=fault.errors), 422
    door.journal("person_revealed", f"person {person_id}", reason=reason)
    return _person_page(found, is_masked=False, errors={})


def _find(person_id: str) -> PersonLine:
    who = door.account()
    may_see_sensitive = who.may(Right.SEE_SENSITIVE)
    return people.person(door.session(), person_id, who.scope, may_see_sensitive=may_see_sensitive)


def _person_page(found: PersonLine, *, is_masked: bool, errors: dict[str, str]) -> str:
    who = door.account()
    born = str(found.birth_year or "–")
    if not is_masked and found.birth_date:
        born = language.day(found.birth_date)
    return render_template(
        "person.html",
        person=found,
        is_masked=is_masked,
        name=mask_name(found.name) if is_masked else found.name,
        born=born,
        id_number=mask_id_number(found.id_number) if is_masked else found.id_number,
        phone=mask_phone(found.phone) if is_masked else found.phone,
        may_reveal=who.may(Right.REVEAL_PERSONS),
        doubles=duplicates.of_person(door.reading(), found.id, who.scope),
        decisions=comparing.of_subject(door.reading(), PERSON, found.id, who.scope),
        errors=errors,
        **_words(),
    )


def _asked(*names: str) -> dict[str, str]:
    return {name: text for name in names if (text := request.args.get(name, "").strip())}


def _scope(asked: dict[str, str]) -> Scope:
    """Return the reader's areas, or the part of them that was asked for; nothing for nonsense."""
    township = asked.get("township", "")
    scope = door.account().scope
    if not township:
        return scope
    return scope.within(township) if township.isascii() and township.isdigit() else Scope(())


def _place(asked: dict[str, str]) -> str:
    """Return the name of the village or township that a list is of, "" for all areas."""
    code = asked.get("village") or asked.get("township") or ""
    return places.place_name(door.session(), code) if code else ""


def _older(endpoint: str, asked: dict[str, str], next_key: str) -> str | None:
    told: dict[str, Any] = {**asked, "after": next_key}
    return url_for(endpoint, **told) if next_key else None


def _words() -> dict[str, Any]:
    spoken = language.language()
    return {
        "outcome_words": OUTCOME_WORDS,
        "screening_words": SCREENING_WORDS,
        "case_words": CASE_WORDS,
        "kind_words": KIND_WORDS,
        "disease_label": lambda code: catalogue.label(code, spoken),
        "mask_name": mask_name,
        "sex_words": {"male": _("male"), "female": _("female"), "": ""},
    }
