"""What decisions about submissions do to their standing: the bin, and corrections.

Asked once for each group that is projected. A submission in the bin leaves no reports. One that
was sent back, and whose worker sent a new one naming the correction, is replaced by it, with all
its edits, as an edit would replace it. That the new one names it counts for ever, whatever later
edits of the new one say: so the outcome does not depend on what arrived first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, delete, update

from server.database import insert_rows, rows_with, table_of
from server.survey.form_mappings import WAITING
from server.survey.interpretation import Interpretation
from server.tables.decisions import Binned, Correction
from server.tables.projections import CorrectionAnswer, Projected
from server.tables.truth import Submission

BINNED = table_of(Binned)
CORRECTION = table_of(Correction)
ANSWER = table_of(CorrectionAnswer)
PROJECTED = table_of(Projected)
SUBMISSION = table_of(Submission)

REPLACED = ("replaced", "")
IN_BIN = ("binned", "")
# More edits of one interview than this are a fault of the client, not work.
LONGEST_CHAIN = 100

# Project, form and instance id.
Key = tuple[int, str, str]


def key_of(one: Interpretation) -> Key:
    """Return what makes an interpretation's submission one."""
    return one.origin.project_id, one.origin.form_id, one.origin.instance_id


def judge(
    connection: Connection,
    group: Sequence[Interpretation],
    predecessors: Mapping[int, Key],
    known: Collection[int],
) -> dict[int, tuple[str, str]]:
    """Return the states that decisions give to submissions, by id: of the group and of others.

    `predecessors` are those the group's edits replace, `known` the ids projected before. Writes
    down which corrections the group answers. What a correction replaced, and nothing answers any
    more, is left waiting to be projected once more.
    """
    late = {key_of(one) for one in group if one.origin.deprecated_id}
    keys = {one.origin.submission_id: key_of(one) for one in group} | dict(predecessors)
    paths = _paths(connection, group, keys)
    ids = sorted({key[2] for path in paths.values() for key in path})
    binned = _binned(connection, ids)
    states = {one: IN_BIN for one, path in paths.items() if not binned.isdisjoint(path)}
    naming = [
        one
        for one in group
        if one.corrects and one.state == "projected" and one.origin.submission_id not in states
    ]
    gained, lost = _answer(connection, naming, [one.origin.submission_id for one in group], known)
    corrected = _corrected(connection, ids)
    for one, path in paths.items():
        if not corrected.isdisjoint(path):
            states.setdefault(one, REPLACED)
    reached = dict.fromkeys(gained, REPLACED)
    # Edits may have come before this one, and now share what was decided about its chain.
    reached |= {keys[one]: state for one, state in states.items() if keys[one] in late}
    for root, state in reached.items():
        for one in _standing(connection, _members(connection, [root])):
            states.setdefault(one, state)
    if lost:
        _let_return(connection, _members(connection, lost) - keys.keys())
    return states


def ancestors(connection: Connection, keys: Iterable[Key]) -> dict[Key, Key]:
    """Return for each of these submissions and what they lead to the one they are an edit of.

    An edit kept the first instance id it knew of; with late arrivals that is not the very first.
    """
    links: dict[Key, Key] = {}
    asked: set[str] = set()
    wanted = {key[2] for key in keys}
    while wanted and len(asked) < LONGEST_CHAIN * len(wanted):
        names = ("project_id", "form_id", "instance_id", "root_instance_id")
        rows = rows_with(connection, SUBMISSION, names, "instance_id", sorted(wanted))
        asked |= wanted
        for project_id, form_id, instance_id, root in rows:
            if root != instance_id:
                links[project_id, form_id, instance_id] = (project_id, form_id, root)
        wanted = {key[2] for key in links.values()} - asked
    return links


def members(connection: Connection, roots: Iterable[Key]) -> dict[int, Key]:
    """Return the kept submissions that these are, or that edit them, by id."""
    found: dict[int, Key] = {}
    frontier = set(roots)
    names = ("id", "project_id", "form_id", "instance_id")
    rows = rows_with(
        connection, SUBMISSION, names, "instance_id", sorted({one[2] for one in frontier})
    )
    found.update({row[0]: row[1:] for row in rows if row[1:] in frontier})
    seen: set[Key] = set()
    edit_names = (*names, "deprecated_id")
    while frontier - seen:
        seen |= frontier
        rows = rows_with(
            connection,
            SUBMISSION,
            edit_names,
            "deprecated_id",
            sorted({one[2] for one in frontier}),
        )
        edits = {row[0]: row[1:4] for row in rows if (row[1], row[2], row[4]) in frontier}
        found.update(edits)
        frontier = set(edits.values())
    return found


def _paths(
    connection: Connection, group: Sequence[Interpretation], keys: Mapping[int, Key]
) -> dict[int, set[Key]]:
    """Return for each submission itself and all that it is an edit of."""
    links = {
        key_of(one): (one.origin.project_id, one.origin.form_id, one.origin.deprecated_id)
        for one in group
        if one.origin.deprecated_id
    }
    # Most arrivals are no edits: they ask nothing here.
    if links:
        links = {**ancestors(connection, links.values()), **links}
    paths: dict[int, set[Key]] = {}
    for one, key in keys.items():
        path = {key}
        while (key := links.get(key, key)) not in path:
            path.add(key)
        paths[one] = path
    return paths


def _binned(connection: Connection, ids: Sequence[str]) -> set[Key]:
    names = ("project_id", "form_id", "root_instance_id", "restored_at")
    rows = rows_with(connection, BINNED, names, "root_instance_id", ids)
    return {row[:3] for row in rows if row[3] is None}


def _corrected(connection: Connection, ids: Sequence[str]) -> set[Key]:
    """Return which of these were sent back and have a new submission in their place."""
    names = ("entity_id", "project_id", "form_id", "root_instance_id")
    sent_back = rows_with(connection, CORRECTION, names, "root_instance_id", ids)
    if not sent_back:
        return set()
    entities = [row[0] for row in sent_back]
    answered = {
        row[0] for row in rows_with(connection, ANSWER, ("entity_id",), "entity_id", entities)
    }
    return {row[1:] for row in sent_back if row[0] in answered}


def _answer(
    connection: Connection,
    naming: Sequence[Interpretation],
    group: Sequence[int],
    known: Collection[int],
) -> tuple[set[Key], set[Key]]:
    """Write down what the group names; return whom a correction newly reaches, and no more."""
    before: dict[int, str] = {}
    if again := [one for one in group if one in known]:
        names = ("submission_id", "entity_id")
        before = dict(rows_with(connection, ANSWER, names, "submission_id", again))
    sent_back = _sent_back(connection, [*(one.corrects for one in naming), *before.values()])
    now = {
        one.origin.submission_id: one.corrects
        for one in naming
        if (root := sent_back.get(one.corrects))
        and root[:2] == key_of(one)[:2]
        and root != key_of(one)
    }
    if now == before:
        return set(), set()
    if before:
        connection.execute(delete(ANSWER).where(ANSWER.c.submission_id.in_(list(before))))
    insert_rows(
        connection, ANSWER, [{"submission_id": one, "entity_id": now[one]} for one in sorted(now)]
    )
    ended = set(before.values()) - set(now.values())
    if ended:
        still = rows_with(connection, ANSWER, ("entity_id",), "entity_id", sorted(ended))
        ended -= {row[0] for row in still}
    return (
        {sent_back[one] for one in now.values()},
        {sent_back[one] for one in ended if one in sent_back},
    )


def _sent_back(connection: Connection, entity_ids: Sequence[str]) -> dict[str, Key]:
    if not entity_ids:
        return {}
    names = ("entity_id", "project_id", "form_id", "root_instance_id")
    rows = rows_with(connection, CORRECTION, names, "entity_id", sorted(set(entity_ids)))
    return {row[0]: row[1:] for row in rows}


def _members(connection: Connection, roots: Iterable[Key]) -> set[int]:
    return set(members(connection, roots))


def _standing(connection: Connection, ids: Collection[int]) -> list[int]:
    """Return those that are worked out and lie in no bin: the others are judged in their turn."""
    names = ("submission_id", "state")
    rows = rows_with(connection, PROJECTED, names, "submission_id", sorted(ids))
    return [one for one, state in rows if state != IN_BIN[0]]


def _let_return(connection: Connection, ids: Collection[int]) -> None:
    connection.execute(
        update(PROJECTED)
        .where(PROJECTED.c.submission_id.in_(list(ids)), PROJECTED.c.state == REPLACED[0])
        .values(state=WAITING)
    )
