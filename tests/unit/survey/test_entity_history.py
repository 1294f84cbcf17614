"""The history of one entity: the cases that ODK Central's own tests hold for offline entities."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.survey.entities import history
from server.survey.entities.history import History
from tests.entity_rows import a_change, an_action

CREATE = {"label": "Megan", "age": "20", "status": "new"}


def a_chain(first: int = 1, second: int = 2, third: int = 3) -> list[dict[str, Any]]:
    """Create, update, update of one phone without a signal, by their order of arrival."""
    return [
        a_change(first, "create", **CREATE),
        a_change(second, base_version=1, branch_id="b", status="arrived"),
        a_change(third, base_version=2, branch_id="b", status="left", age="21"),
    ]


def latest(found: History) -> dict[str, str]:
    return dict(found.versions[-1].values)


def conflicts(found: History) -> list[str]:
    return [one.conflict for one in found.versions]


def a_trunk() -> list[dict[str, Any]]:
    """An entity known to phones: version 1."""
    return [a_change(1, "create", label="Johnny", age="22")]


@pytest.mark.parametrize("order", list(itertools.permutations((1, 2, 3))))
def test_an_offline_chain_gives_the_same_entity_in_any_order_of_arrival(
    order: tuple[int, int, int],
) -> None:
    """F17; appendix test 12."""
    found = history.fold(a_chain(*order))

    assert latest(found) == {"label": "Megan", "age": "21", "status": "left"}
    assert [one.branch_base for one in found.versions] == [None, 1, 2]
    assert (found.conflict, found.held, set(found.outcomes.values())) == ("", [], {"applied"})


def test_with_the_middle_missing_the_last_waits() -> None:
    """F17: held until the predecessor comes."""
    first, _, third = a_chain()

    found = history.fold([first, third])

    assert latest(found)["status"] == "new"
    assert found.outcomes[3, 0] == "held"


def test_what_waited_too_long_is_forced_upon_the_latest_version() -> None:
    """F18."""
    first, _, third = a_chain()

    found = history.fold(
        [first, third], [an_action(1, "force", after=3, submission_id=3, number=0)]
    )

    assert latest(found) == {"label": "Megan", "age": "21", "status": "left"}
    assert found.held == []


def test_a_forced_update_creates_and_the_late_creation_is_an_update() -> None:
    """F18: the label says that nobody gave one; Central's own case, with its hard conflict."""
    update = a_change(1, base_version=1, branch_id="b", status="checked in")
    force = an_action(1, "force", after=1, submission_id=1, number=0)

    forced = history.fold([update], [force])
    found = history.fold([update, a_change(2, "create", **CREATE)], [force])

    assert (latest(forced), forced.conflict) == (
        {"label": "auto generated", "status": "checked in"},
        "",
    )
    assert latest(found) == CREATE
    assert [one.number for one in found.versions] == [1, 2]
    assert (found.conflict, found.versions[1].conflicting) == ("hard", ("label", "status"))


def test_the_next_of_a_branch_follows_a_forced_one_of_itself() -> None:
    """F18."""
    changes = [
        a_change(1, base_version=1, branch_id="b", status="arrived"),
        a_change(2, base_version=2, branch_id="b", status="left"),
    ]

    found = history.fold(changes, [an_action(1, "force", after=2, submission_id=1, number=0)])

    assert [one.values["status"] for one in found.versions] == ["arrived", "left"]


def test_an_earlier_change_does_not_follow_a_forced_later_one_unseen() -> None:
    """F19: whichever comes last counts, and a person is told."""
    changes = [
        a_change(1, base_version=2, branch_id="b", status="left"),
        a_change(2, base_version=1, branch_id="b", status="arrived"),
    ]
    forces = [
        an_action(1, "force", after=2, submission_id=1, number=0),
        an_action(2, "force", after=2, submission_id=2, number=0),
    ]

    held = history.fold(changes, forces[:1])
    found = history.fold(changes, forces)

    assert held.outcomes[2, 0] == "held"
    assert (latest(found)["status"], found.conflict) == ("arrived", "hard")


def test_two_phones_that_change_the_same_thing_are_a_hard_conflict() -> None:
    """F19; appendix test 13. Last write wins; the others' other changes stay."""
    one = a_change(2, base_version=1, trunk_version=1, branch_id="a", age="23", status="here")
    two = a_change(3, base_version=1, trunk_version=1, branch_id="b", age="24")

    found = history.fold([*a_trunk(), one, two])

    assert latest(found) == {"label": "Johnny", "age": "24", "status": "here"}
    assert (found.conflict, found.versions[2].conflicting) == ("hard", ("age",))


@pytest.mark.parametrize("second", [{"status": "gone"}, {"age": "23"}])
def test_two_phones_that_change_other_things_or_alike_are_a_soft_conflict(
    second: dict[str, str],
) -> None:
    """F19; appendix test 13."""
    one = a_change(2, base_version=1, trunk_version=1, branch_id="a", age="23")
    two = a_change(3, base_version=1, trunk_version=1, branch_id="b", **second)

    found = history.fold([*a_trunk(), one, two])

    assert latest(found) == {"label": "Johnny", "age": "23", **second}
    assert found.conflict == "soft"


def test_a_branch_that_others_interrupted_is_a_soft_conflict() -> None:
    """F19: version by version, as Central tells them."""
    changes = [
        *a_trunk(),
        a_change(2, base_version=1, age="24"),
        a_change(3, base_version=1, trunk_version=1, branch_id="b", status="arrived"),
        a_change(4, base_version=2, trunk_version=1, branch_id="b", age="26"),
    ]

    found = history.fold(changes)

    assert conflicts(found) == ["", "", "soft", "soft"]
    assert found.conflict == "soft"


def test_a_conflict_that_comes_after_the_resolution_counts() -> None:
    """F19."""
    changes = [
        *a_trunk(),
        a_change(2, base_version=1, age="24"),
        a_change(3, base_version=1, trunk_version=1, branch_id="b", status="arrived"),
        a_change(4, base_version=2, trunk_version=1, branch_id="b", age="26"),
    ]
    resolve = an_action(1, "resolve", after=3, base_version=3)

    assert history.fold(changes[:3], [resolve]).conflict == ""
    assert history.fold(changes, [resolve]).conflict == "soft"


def test_a_resolution_does_not_hide_what_the_desk_had_not_seen() -> None:
    changes = [
        *a_trunk(),
        a_change(2, base_version=1, age="24"),
        a_change(3, base_version=1, age="25"),
    ]

    found = history.fold(changes, [an_action(1, "resolve", after=3, base_version=2, age="24")])

    assert (found.conflict, latest(found)["age"]) == ("hard", "24")


def test_a_hard_conflict_is_never_lessened_to_soft() -> None:
    """F19."""
    changes = [
        *a_trunk(),
        a_change(2, base_version=1, age="24"),
        a_change(3, base_version=1, age="25"),
        a_change(4, base_version=1, status="arrived"),
    ]

    found = history.fold(changes)

    assert conflicts(found) == ["", "", "hard", "soft"]
    assert found.conflict == "hard"


def test_an_update_of_what_nobody_created_or_of_no_known_version_is_an_error() -> None:
    """F17: without a branch nothing is waited for."""
    found = history.fold([a_change(1, base_version=1)])
    later = history.fold([*a_trunk(), a_change(2, base_version=5, age="1")])
    trunk = history.fold(
        [*a_trunk(), a_change(2, base_version=1, trunk_version=2, branch_id="b", age="1")]
    )

    assert found.outcomes[1, 0] == "entity_not_found"
    assert later.outcomes[2, 0] == "entity_version_unknown"
    assert trunk.outcomes[2, 0] == "entity_version_unknown"


def test_upsert_updates_what_is_there_and_creates_what_is_not() -> None:
    """F20."""
    upsert = a_change(2, "upsert", label="J.", base_version=1, age="30")

    assert latest(history.fold([upsert])) == {"label": "J.", "age": "30"}
    assert len(history.fold([*a_trunk(), upsert]).versions) == 2


def test_creating_twice_is_an_error_and_a_deleted_id_is_not_used_again() -> None:
    """F20."""
    again = a_change(2, "create", label="Else")

    twice = history.fold([*a_trunk(), again])
    after_delete = history.fold([*a_trunk(), again], [an_action(1, "delete", after=1)])

    assert twice.outcomes[2, 0] == "entity_exists"
    assert after_delete.outcomes[2, 0] == "entity_deleted"
    assert (after_delete.is_created, after_delete.is_deleted) == (False, True)


def test_what_was_deleted_comes_back_as_it_was() -> None:
    actions = [an_action(1, "delete", after=1), an_action(2, "restore", after=1)]

    found = history.fold(a_trunk(), actions)

    assert found.is_created
    assert latest(found) == {"label": "Johnny", "age": "22"}
    assert len(found.versions) == 1


def test_one_submission_changes_an_entity_once() -> None:
    """F20."""
    twice = a_change(2, base_version=1, age="2"), a_change(2, base_version=1, age="3", number=1)

    found = history.fold([*a_trunk(), *twice])

    assert (found.outcomes[2, 1], latest(found)["age"]) == ("entity_twice", "2")


def test_an_edit_does_not_change_the_entity_unless_what_it_edits_did_not() -> None:
    """F23."""
    faulty = a_change(2, base_version=9, age="30")
    edit = a_change(3, base_version=1, age="31", deprecated_id="uuid:2")

    applied = history.fold([*a_trunk(), {**faulty, "base_version": 1}, edit], chains={2: 2, 3: 2})
    mended = history.fold([*a_trunk(), faulty, edit], chains={2: 2, 3: 2})

    assert (latest(applied)["age"], applied.outcomes[3, 0]) == ("30", "superseded")
    assert latest(mended)["age"] == "31"


def test_absent_is_unchanged_and_empty_is_emptied() -> None:
    """F7: a blank label is unchanged too."""
    found = history.fold([*a_trunk(), a_change(2, base_version=1, age="", label=None)])

    assert latest(found) == {"label": "Johnny", "age": ""}


def test_a_faulty_block_changes_nothing() -> None:
    """F20: errors are told on the submission, which stays."""
    found = history.fold([*a_trunk(), a_change(2, base_version=1, age="3", fault="entity_x")])

    assert (found.outcomes[2, 0], len(found.versions)) == ("faulty", 1)


branches = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", None)),
        st.integers(1, 4),
        st.dictionaries(st.sampled_from(("age", "status")), st.sampled_from("12")),
    ),
    max_size=8,
)


@given(steps=branches)
def test_a_conflict_is_never_lessened_by_a_later_change(steps: list[Any]) -> None:
    """F19, for whatever phones send."""
    changes = a_trunk()
    rank = {"": 0, "soft": 1, "hard": 2}
    before = ""
    for number, (branch, base, said) in enumerate(steps, start=2):
        trunk = 1 if branch else None
        changes.append(
            a_change(number, base_version=base, trunk_version=trunk, branch_id=branch, **said)
        )

        now = history.fold(changes).conflict

        assert rank[now] >= rank[before]
        before = now


@given(length=st.integers(2, 6), data=st.data())
def test_a_branch_of_any_length_gives_the_same_entity_in_any_order(
    length: int, data: st.DataObject
) -> None:
    """F17: where nobody interrupts, only the phone's own order counts."""
    ids = data.draw(st.permutations(range(1, length + 1)))
    changes = [a_change(ids[0], "create", label="x", step="0")]
    changes += [
        a_change(ids[n], base_version=n, branch_id="b", step=str(n), **{f"p{n}": "y"})
        for n in range(1, length)
    ]

    found = history.fold(changes)

    assert [one.values.get("step") for one in found.versions] == [str(n) for n in range(length)]
    assert (found.conflict, found.held) == ("", [])
