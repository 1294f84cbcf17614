"""Entity blocks as clients write them."""

from __future__ import annotations

from forms.fields import EntityDeclaration
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from tests.filled import a_field, a_form, answers_to

ID = "1b4e28ba-2fa1-4d3b-a3f5-ef19b5a7633b"


def test_an_update_names_its_versions_and_what_it_saves() -> None:
    form = a_form(
        a_field("status", saves_to=("households", "status")),
        a_field("phone", saves_to=("households", "phone")),
        a_field("left_out", saves_to=("households", "left_out")),
        a_field("other", saves_to=("persons", "other")),
        entities=[EntityDeclaration("households", "", creates=False, updates=True)],
    )
    entity = (
        f'<entity dataset="households" update="1" id="uuid:{ID.upper()}" baseVersion="3"'
        ' trunkVersion="2" branchId="0f8fad5b-d9cb-469f-a165-70867728950e">'
        "<label>House 12</label></entity>"
    )

    answers = answers_to(form, {"status": "visited", "phone": "", "other": "x"}, meta=entity)

    (block,) = answers.entities
    assert (block.list_name, block.entity_id, block.label) == ("households", ID, "House 12")
    assert (block.creates, block.updates) == (False, True)
    assert (block.base_version, block.trunk_version) == (3, 2)
    assert block.branch_id == "0f8fad5b-d9cb-469f-a165-70867728950e"
    assert block.properties == {"status": "visited", "phone": ""}


def test_what_a_client_leaves_blank_is_not_known() -> None:
    entity = (
        f'<entity dataset="p" create="true" id="{ID}" baseVersion="" trunkVersion="" branchId="">'
        "<label/></entity>"
    )

    (block,) = answers_to(a_form(), {}, meta=entity).entities

    assert (block.base_version, block.trunk_version, block.branch_id) == (None, None, None)
    assert block.label is None
    assert block.creates


def test_each_repetition_has_its_own_entity() -> None:
    form = a_form(
        a_field("hh/number", saves_to=("households", "number")),
        a_field("member/name", repeat="member", saves_to=("persons", "pname")),
        repeats=["member"],
        groups=["hh"],
        entities=[
            EntityDeclaration("households", "hh", creates=True, updates=False),
            EntityDeclaration("persons", "member", creates=True, updates=False),
        ],
    )

    def member(name: str, entity_id: str) -> str:
        return (
            f"<member><meta><entity dataset='persons' create='1' id='{entity_id}'>"
            f"<label>{name}</label></entity></meta><name>{name}</name></member>"
        )

    xml = (
        "<data id='f' version='1'><hh><number>12</number><meta>"
        f"<entity dataset='households' create='1' id='{ID}'><label>12</label></entity></meta></hh>"
        f"{member('甲', 'a')}{member('乙', 'b')}</data>"
    )
    answers = read_answers(open_envelope(xml.encode()), ReadingPlan(form))

    assert [
        (block.list_name, block.path, block.position, block.properties)
        for block in answers.entities
    ] == [
        ("households", "hh/meta/entity", (), {"number": "12"}),
        ("persons", "member/meta/entity", (1,), {"pname": "甲"}),
        ("persons", "member/meta/entity", (2,), {"pname": "乙"}),
    ]


def test_a_block_without_an_order_asks_for_nothing() -> None:
    entity = f'<entity dataset="p" create="0" update="false" id="{ID}"><label>x</label></entity>'

    (block,) = answers_to(a_form(), {}, meta=entity).entities

    assert (block.creates, block.updates) == (False, False)
    assert block.faults({}) == []
