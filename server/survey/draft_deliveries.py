"""What a tester's phone downloads beside a draft: its files, and lists of the chosen villages."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.fields import CompiledForm
from server.errors import Missing
from server.survey import corrections, deliveries, entity_lists, form_files
from server.survey.back_checks import entries as back_checks
from server.survey.deliveries import FILE, VILLAGES, Delivery
from server.survey.drafts import Draft
from server.survey.entity_columns import PRIVATE_LISTS, ListRules, list_rules
from server.survey.form_files import ExpectedFile
from server.tables.reference import Village


def beside(session: Session, draft: Draft) -> list[Delivery]:
    """Return what is there of what a draft expects, in its order.

    A list that only the draft declares is there too, and empty.
    """
    rules = _rules(session, draft)
    expected = form_files.expected_by_draft(session, draft.id)
    found = [_delivery(session, draft, rules, one) for one in expected]
    return [one for one in found if one is not None]


def find(session: Session, draft: Draft, name: str) -> Delivery:
    """Return one thing beside a draft. Raises Missing."""
    rules = _rules(session, draft)
    for one in form_files.expected_by_draft(session, draft.id):
        found = _delivery(session, draft, rules, one) if one.name == name else None
        if found is not None:
            return found
    raise Missing("Form %(form_id)s has no file %(name)s.", form_id=draft.form_id, name=name)


def villages(session: Session, draft: Draft, found: Delivery) -> tuple[str, ...]:
    """Return the codes of the villages whose entries a list holds.

    People are listed for the villages chosen for testers alone. Villages themselves are no
    secret: with none chosen all are there, so that a form that asks for one can be filled in.
    """
    if draft.villages or found.kind != VILLAGES:
        return draft.villages
    return tuple(session.scalars(select(Village.code).order_by(Village.code)))


def _delivery(
    session: Session, draft: Draft, rules: ListRules, one: ExpectedFile
) -> Delivery | None:
    if one.sha256:
        return Delivery(one.name, FILE, one.md5, sha256=one.sha256)
    if one.origin != "site":
        return None
    connection = session.connection()
    if one.name == entity_lists.VILLAGES_FILE:
        found = Delivery(one.name, VILLAGES, "")
        text = entity_lists.villages_csv(connection, villages(session, draft, found))
        return replace(found, md5=hashlib.md5(text, usedforsecurity=False).hexdigest())
    if one.name == corrections.FILE:
        return deliveries.sent_back(connection, phone_id=0)
    if one.name == back_checks.FILE:
        return deliveries.to_ask_again(connection, phone_id=0)
    # No phone has number 0: of lists that hold only a phone's own entities testers get nothing.
    return deliveries.listed(
        connection, rules, one.name.removesuffix(".csv"), draft.villages, phone_id=0
    )


def _rules(session: Session, draft: Draft) -> ListRules:
    """Return the lists phones are served, with what the draft will save to them."""
    rules = list_rules(session.connection(), draft.project_id)
    columns = {name: dict.fromkeys(found) for name, found in rules.columns.items()}
    for list_name, name in _declared(draft.form):
        if list_name not in PRIVATE_LISTS:
            columns.setdefault(list_name, {}).update({name: None} if name else {})
    return replace(rules, columns={name: tuple(found) for name, found in columns.items()})


def _declared(form: CompiledForm) -> list[tuple[str, str]]:
    lists = [(one.list_name, "") for one in form.entities]
    return [*lists, *(one.saves_to for one in form.fields if one.saves_to)]
