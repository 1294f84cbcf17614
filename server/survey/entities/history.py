"""What changes and decisions make of one entity. A pure fold of rows.

ODK entities 2022.1 to 2025.1 as ODK Central 2026.2 works them out
(getodk/central-backend: lib/model/query/entities.js). Changes count in order of arrival; a change
made without a signal says upon which version of its own branch it was based, and waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
# Submission id and the block's number in it.
Place = tuple[int, int]

SOFT, HARD = "soft", "hard"
APPLIED = "applied"
HELD = "held"
WAITING = "waiting"
REJECTED = "rejected"
SUPERSEDED = "superseded"
FAULTY = "faulty"
EXISTS = "entity_exists"
NOT_FOUND = "entity_not_found"
NO_VERSION = "entity_version_unknown"
DELETED = "entity_deleted"
TWICE = "entity_twice"
ERRORS = frozenset({EXISTS, NOT_FOUND, NO_VERSION, DELETED, TWICE})
"""Outcomes that are flagged: the change was understood and cannot be applied."""

FORCED_LABEL = "auto generated"
"""What an entity is called whose creation never came, as the specification has it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an entity, and what made it: a submission's change or a desk's action.

    `base` is the number of the version it was based on, None for a creation. `values` are all
    properties, with the label under "label" (no property may have that name); `said` what this
    change told of them. `conflict` is "", soft or hard; `conflicting` names what others had
    changed meanwhile to something else.
    """

    number: int
    verb: str
    values: Mapping[str, str]
    said: Mapping[str, str]
    base: int | None
    branch_id: str | None
    branch_base: int | None
    conflict: str
    conflicting: tuple[str, ...]
    is_forced: bool
    change: Row | None
    action: Row | None


class History:
    """The versions of one entity, and what became of each change; see `fold`."""

    __slots__ = (
        "_is_registered",
        "_late_creation",
        "_taken",
        "_verdicts",
        "acts",
        "conflict",
        "held",
        "is_deleted",
        "outcomes",
        "versions",
    )

    def __init__(self, verdicts: Mapping[Place, str], *, is_registered: bool) -> None:
        self.versions: list[Version] = []
        self.conflict = ""
        self.is_deleted = False
        self.held: list[Row] = []
        self.outcomes: dict[Place, str] = {}
        # Actions that made no version, with the number of the version they followed.
        self.acts: list[tuple[int, Row]] = []
        self._verdicts = verdicts
        self._is_registered = is_registered
        self._late_creation = False
        self._taken: dict[object, int] = {}

    # What a submission says.

    def take(self, change: Row, chain: object) -> None:
        """Apply a change, or hold it, or say why not."""
        place = _place(change)
        taken_by = self._taken.get(chain)
        if change["fault"]:
            outcome = FAULTY
        elif taken_by is not None:
            # F23: an edit of a submission does not change the entity again; F20: nor does a
            # second block of the same submission.
            outcome = TWICE if taken_by == change["submission_id"] else SUPERSEDED
        elif self.is_deleted:
            outcome = DELETED
        elif self._is_registered:
            outcome = self._take_registered(change)
        else:
            outcome = self._attempt(change)
        self.outcomes[place] = outcome
        if outcome in (APPLIED, HELD):
            self._taken[chain] = change["submission_id"]
        if outcome == HELD:
            self.held.append(change)
        elif outcome == APPLIED:
            self._release()

    def _attempt(self, change: Row) -> str:
        if not change["updates"]:
            return self._create(change)
        has_base = bool(change["base_version"])
        if has_base and (base := self._base(change)):
            return self._update(change, base)
        if has_base and change["branch_id"] is not None:
            return HELD
        if change["creates"] and not (self.versions and has_base):
            return self._create(change)
        return NO_VERSION if self.versions else NOT_FOUND

    def _take_registered(self, change: Row) -> str:
        """Apply a change to what the registry lists, whose own versions no submission knows."""
        verb = "update" if change["updates"] or self.versions else "create"
        self._append(change, verb, self.versions[-1] if self.versions else None)
        return APPLIED

    def _create(self, change: Row) -> str:
        if self.versions:
            if not self._late_creation:
                return EXISTS
            self._late_creation = False
            latest = self.versions[-1]
            self._append(change, "create", latest, *self._against_latest(change))
            return APPLIED
        if verdict := self._verdicts.get(_place(change)):
            return verdict
        self._append(change, "create", None)
        return APPLIED

    def _base(self, change: Row) -> Version | None:
        """Return the version a change was based on (F17), None while it is not here."""
        base, branch = change["base_version"], change["branch_id"]
        if branch is None or base == 1 or base == change["trunk_version"]:
            return self.versions[base - 1] if 0 < base <= len(self.versions) else None
        return next(
            (
                one
                for one in reversed(self.versions)
                if one.branch_id == branch and one.branch_base == base - 1
            ),
            None,
        )

    def _update(self, change: Row, base: Version, *, is_forced: bool = False) -> str:
        if (change["trunk_version"] or 0) > len(self.versions):
            return NO_VERSION
        conflict, conflicting = self._conflict(change, base)
        self._append(change, "update", base, conflict, conflicting, is_forced=is_forced)
        return APPLIED

    def _conflict(self, change: Row, base: Version) -> tuple[str, tuple[str, ...]]:
        """Return how a change stands to what others did since its base (F19)."""
        latest = self.versions[-1]
        if base is not latest:
            said = _said(change)
            since = {key for key, text in latest.values.items() if base.values.get(key) != text}
            both = sorted(
                key for key, text in said.items() if key in since and latest.values[key] != text
            )
            return (HARD if both else SOFT), tuple(both)
        branch = change["branch_id"]
        if branch is None:
            return "", ()
        if any(
            one.branch_id == branch and (one.branch_base or 0) > change["base_version"]
            for one in self.versions
        ):
            # A later change of the same phone was forced before this one.
            return self._against_latest(change)
        trunk = change["trunk_version"] or 1
        is_interrupted = any(one.branch_id != branch for one in self.versions[trunk:])
        return (SOFT if is_interrupted else ""), ()

    def _against_latest(self, change: Row) -> tuple[str, tuple[str, ...]]:
        latest = self.versions[-1].values
        both = sorted(
            key for key, text in _said(change).items() if key in latest and latest[key] != text
        )
        return (HARD if both else SOFT), tuple(both)

    def _release(self) -> None:
        """Apply what was held and whose predecessor is here now, in order, until nothing is."""
        while not self.is_deleted:
            found = next(
                (
                    (change, base)
                    for change in self.held
                    if (base := self._base(change)) is not None and not self._follows_force(change)
                ),
                None,
            )
            if found is None:
                return
            self.held.remove(found[0])
            self.outcomes[_place(found[0])] = self._update(*found)

    def _follows_force(self, change: Row) -> bool:
        """Say whether version 1, upon which a change is based, is itself a later change."""
        return change["base_version"] == 1 and self.versions[0].is_forced and self._late_creation

    # What a desk does.

    def act(self, action: Row) -> None:
        """Apply an action of a desk, an import or the clock."""
        kind = action["kind"]
        if kind in ("create", "update", "resolve"):
            self._act_on_values(action)
        elif kind == "delete" and not self.is_deleted:
            self.is_deleted = True
            self.acts.append((len(self.versions), action))
        elif kind == "restore" and self.is_deleted:
            self.is_deleted = False
            self.acts.append((len(self.versions), action))
            self._release()
        elif kind == "force":
            self._force((action["submission_id"], action["number"]))

    def _act_on_values(self, action: Row) -> None:
        kind = action["kind"]
        if self.is_deleted or (kind != "create" and not self.versions):
            return
        latest = self.versions[-1] if self.versions else None
        if kind == "resolve" and action["base_version"] in (None, len(self.versions)):
            # A conflict that came after what the desk saw stays.
            self.conflict = ""
        if kind == "resolve" and not action["properties"] and not action["label"]:
            self.acts.append((len(self.versions), action))
            return
        self._append(action, kind if latest else "create", latest, is_action=True)
        self._release()

    def _force(self, place: Place) -> None:
        """Apply a held change upon the latest version, or as the creation that never came (F18)."""
        change = next((one for one in self.held if _place(one) == place), None)
        if change is None:
            return
        if self.is_deleted:
            self.held.remove(change)
            self.outcomes[place] = DELETED
            return
        if not self.versions:
            if place in self._verdicts:
                return
            self.held.remove(change)
            self._late_creation = True
            self._append(change, "create", None, is_forced=True)
            self.outcomes[place] = APPLIED
        else:
            self.held.remove(change)
            base = self._base(change) or self.versions[-1]
            self.outcomes[place] = self._update(change, base, is_forced=True)
        self._release()

    # Both.

    def _append(
        self,
        source: Row,
        verb: str,
        base: Version | None,
        conflict: str = "",
        conflicting: tuple[str, ...] = (),
        *,
        is_forced: bool = False,
        is_action: bool = False,
    ) -> None:
        said = _said(source)
        values = {**self.versions[-1].values, **said} if self.versions else dict(said)
        if not values.get("label"):
            values["label"] = FORCED_LABEL if is_forced else ""
        branch = None if is_action else source["branch_id"]
        has_base = branch is not None and (base is not None or is_forced)
        self.versions.append(
            Version(
                number=len(self.versions) + 1,
                verb=verb,
                values=values,
                said=said,
                base=base.number if base else None,
                branch_id=branch,
                branch_base=source["base_version"] if has_base else None,
                conflict=conflict,
                conflicting=conflicting,
                is_forced=is_forced,
                change=None if is_action else source,
                action=source if is_action else None,
            )
        )
        if conflict and self.conflict != HARD:
            self.conflict = conflict

    @property
    def is_created(self) -> bool:
        """Whether phones are served it. A clinic of the registry is served by the registry."""
        if self.is_deleted or not self.versions:
            return False
        return not self._is_registered or any(one.verb == "create" for one in self.versions)

    def row(self, list_name: str, entity_id: str) -> dict[str, Any] | None:
        """Return the Entity row; None for one that nobody has created or deleted.

        The village is the property `village_code`, by which lists are cut to a phone's villages.
        """
        if not self.versions and not self.is_deleted:
            return None
        latest = self.versions[-1].values if self.versions else {}
        first = self.versions[0].change if self.versions else None
        properties = {key: text for key, text in latest.items() if key != "label"}
        return {
            "list_name": list_name,
            "entity_id": entity_id,
            "village_code": properties.get("village_code", ""),
            "label": latest.get("label", ""),
            "version": len(self.versions),
            "is_created": self.is_created,
            "is_deleted": self.is_deleted,
            "conflict": self.conflict,
            "properties": properties,
            "phone_id": first["phone_id"] if first else None,
        }


def fold(
    changes: Iterable[Row],
    actions: Sequence[Row] = (),
    *,
    chains: Mapping[int, object] | None = None,
    verdicts: Mapping[Place, str] | None = None,
    is_registered: bool = False,
) -> History:
    """Return the history of one entity from its EntityChange and EntityAction rows, in any order.

    `chains` gives for a submission what it and its edits have in common, where there are edits.
    `verdicts` names the changes that may not create: waiting for approval, or rejected.
    `is_registered`: of a list whose first versions come from the registry, not from submissions.
    """
    ordered = sorted(changes, key=_place)
    history = History(verdicts or {}, is_registered=is_registered)
    chains = chains or {}
    pending = sorted(actions, key=lambda one: (one["after_submission_id"], one["id"]))
    at = 0
    for change in ordered:
        while at < len(pending) and pending[at]["after_submission_id"] < change["submission_id"]:
            history.act(pending[at])
            at += 1
        history.take(change, chains.get(change["submission_id"], change["submission_id"]))
    for action in pending[at:]:
        history.act(action)
    if history.outcomes and chains:
        _settle(history, ordered, chains)
    return history


def _settle(history: History, ordered: Sequence[Row], chains: Mapping[int, object]) -> None:
    """Of a submission and its edits let at most one wait: the newest, or none once one counts."""
    counted = {
        chains.get(one["submission_id"], one["submission_id"])
        for one in ordered
        if history.outcomes[_place(one)] in (APPLIED, HELD)
    }
    for change in reversed(ordered):
        place, chain = _place(change), chains.get(change["submission_id"], change["submission_id"])
        if history.outcomes[place] not in (WAITING, REJECTED):
            continue
        if chain in counted:
            history.outcomes[place] = SUPERSEDED
        counted.add(chain)


def _place(change: Row) -> Place:
    return change["submission_id"], change["number"]


def _said(source: Row) -> dict[str, str]:
    said: dict[str, str] = dict(source["properties"])
    if source["label"]:
        said["label"] = source["label"]
    return said
