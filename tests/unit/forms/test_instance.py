"""Answers → XML → answers: what a table said is what is read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forms.answers import Group
from forms.fields import CompiledForm
from forms.instance import Filled, Identity, InstanceWriter
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from tests.filled import shipped

ROSTER = shipped("household_roster")
WRITER, PLAN = InstanceWriter(ROSTER), ReadingPlan(ROSTER)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).map(
    str.strip
)


def paths(form: CompiledForm, repeat: str | None) -> list[str]:
    return [
        field.path
        for field in form.fields
        if field.repeat == repeat and not field.path.startswith("meta/")
    ]


def answered(repeat: str | None) -> st.SearchStrategy[dict[str, str]]:
    return st.dictionaries(st.sampled_from(paths(ROSTER, repeat)), TEXT, max_size=8)


filled = st.builds(
    lambda root, members: Filled(root, {"member": [Filled(one) for one in members]}),
    answered(None),
    st.lists(answered("member"), max_size=4),
)


def said(group: Group) -> dict[str, str]:
    return {path: text for path, text in group.values.items() if text}


@given(filled)
def test_what_was_filled_in_is_read_back(told: Filled) -> None:
    xml = WRITER.xml(told, Identity("uuid:1", "uuid:0", "House 1"))

    answers = read_answers(open_envelope(xml), PLAN)

    assert said(answers) == {path: text for path, text in told.values.items() if text}
    assert [said(one) for one in answers.repeats.get("member", [])] == [
        {path: text for path, text in one.values.items() if text} for one in told.repeats["member"]
    ]
    assert (answers.instance_id, answers.instance_name) == ("uuid:1", "House 1")
    assert answers.unknown == {}


@given(filled)
def test_the_same_answers_give_the_same_bytes(told: Filled) -> None:
    identity = Identity("uuid:1")

    assert WRITER.xml(told, identity) == InstanceWriter(ROSTER).xml(told, identity)


def test_form_version_and_what_it_replaces_are_told() -> None:
    envelope = open_envelope(WRITER.xml(Filled(), Identity("uuid:2", "uuid:1")))

    assert (envelope.form_id, envelope.version) == (ROSTER.form_id, ROSTER.version)
    assert (envelope.instance_id, envelope.deprecated_id) == ("uuid:2", "uuid:1")


def test_no_entity_is_written_as_no_table_tells_its_id() -> None:
    answers = read_answers(open_envelope(WRITER.xml(Filled(), Identity("uuid:1"))), PLAN)

    assert ROSTER.entities
    assert answers.entities == ()


def test_what_xml_cannot_hold_is_replaced() -> None:
    path = paths(ROSTER, None)[0]
    xml = WRITER.xml(Filled({path: "a\x00b\ud800<&>"}), Identity("uuid:1"))

    assert read_answers(open_envelope(xml), PLAN).values[path] == "a\ufffdb\ufffd<&>"


def test_what_the_form_does_not_ask_stands_apart_with_its_heading() -> None:
    strangers = [("old question/1", "kept"), ("1st", "too")]
    envelope = open_envelope(WRITER.xml(Filled(), Identity("uuid:1", strangers=strangers)))

    (held,) = envelope.root.iterchildren("moved_in")

    assert [(one.get("heading"), one.text) for one in held] == strangers
