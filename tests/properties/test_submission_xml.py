"""Submissions of any content and any damage: read back whole, or refused in one way only."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from forms.checks import MESSAGES as FORM_MESSAGES
from forms.checks import complaints
from forms.domain_checks import MESSAGES as DOMAIN_MESSAGES
from forms.domain_checks import domain_complaints
from forms.plan import ReadingPlan
from forms.problems import SubmissionProblem
from forms.submission import open_envelope, read_answers
from tests.filled import a_field, a_form, answers_to, said, shipped, xml_of

# What XML 1.0 can hold; it turns \r into \n on the way.
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=80
)
WORDS = st.one_of(
    XML_TEXT,
    st.sampled_from(
        ["", "1", "0", "-7.5", "143.0", "1e400", "NaN", "yes", "no", "none head child"]
    ),
    st.dates().map(str),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.from_regex(r"[0-9]{17}[0-9Xx]", fullmatch=True),
    st.tuples(st.floats(-200, 200), st.floats(-200, 200)).map(lambda pair: f"{pair[0]} {pair[1]}"),
)
FORM = a_form(
    a_field("name"),
    a_field("g/note"),
    a_field("member/name", repeat="member"),
    repeats=["member"],
    groups=["g", "member"],
)
ROSTER = ReadingPlan(shipped("household_roster"))
SCREENING = ReadingPlan(shipped("disease_screening"))
A_SUBMISSION = xml_of(
    {
        "start": "2026-11-22T09:15:00.000+08:00",
        "hh": {"village": "130921211201", "consent": "yes", "hh_size": "2"},
        "member": [{"pname": "甲", "id18": "11010519491231002X"}, {"pname": "乙", "age": "7"}],
    },
    meta="<entity dataset='persons' create='1' id='x'><label>甲</label></entity>",
)
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def interpret(xml: bytes, plan: ReadingPlan) -> None:
    """Read and check everything; whatever is complained of has words."""
    answers = read_answers(open_envelope(xml), plan)
    for complaint in complaints(answers):
        assert FORM_MESSAGES[complaint.code] % complaint.params
    for complaint in domain_complaints(answers, NOW, date(2026, 11, 22)):
        assert DOMAIN_MESSAGES[complaint.code] % complaint.params


@given(XML_TEXT, XML_TEXT, st.lists(XML_TEXT, max_size=5))
def test_answers_come_back_as_they_were_written(name: str, note: str, members: list[str]) -> None:
    tree = {"name": name, "g": {"note": note}, "member": [{"name": one} for one in members]}

    answers = answers_to(FORM, tree)

    assert answers.values == {"name": name.strip(), "g/note": note.strip()}
    assert [one.values for one in answers.repetitions("member")] == [
        {"member/name": one.strip()} for one in members
    ]
    assert answers.unknown == {}


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(xml: bytes) -> None:
    with suppress(SubmissionProblem):
        interpret(xml, ROSTER)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a submission with pieces cut out, doubled, swapped or put in."""
    xml = bytearray(A_SUBMISSION)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(xml)))
        stop = min(len(xml), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                st.just(b""),
                st.just(bytes(xml[start:stop]) * 2),
                st.binary(max_size=12),
                st.sampled_from(
                    [
                        b"<",
                        b">",
                        b"</member>",
                        b"<member>",
                        b"&x;",
                        b"<![CDATA[",
                        b"]]>",
                        b"<!--",
                        b"<?x ?>",
                        b"<!DOCTYPE x>",
                        b"\xff\xfe",
                        b"\0",
                        b"<meta><entity dataset='persons' update='1'/></meta>",
                        b" encrypted='yes'",
                    ]
                ),
            )
        )
        xml[start:stop] = piece
    return bytes(xml)


@given(damaged())
def test_damaged_submissions_are_read_or_refused(xml: bytes) -> None:
    with suppress(SubmissionProblem):
        interpret(xml, ROSTER)


def tree_of(plan: ReadingPlan) -> st.SearchStrategy[dict[str, Any]]:
    """Return any answers to the fields outside repeats, and to some repetitions of the first."""
    paths = [field.path for field in plan.fields.values() if not field.repeat]
    inside = [field.name for field in plan.fields.values() if field.repeat]
    flat = st.dictionaries(st.sampled_from(paths), WORDS, max_size=25)
    member = st.dictionaries(st.sampled_from(inside or ["stranger"]), WORDS, max_size=12)
    return st.builds(_nested, flat, st.lists(member, max_size=4))


def _nested(flat: dict[str, str], members: list[dict[str, str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {"member": members}
    for path, text in flat.items():
        group, _, name = path.rpartition("/")
        holder = tree.setdefault(group, {}) if group else tree
        holder[name] = text
    return tree


@given(tree_of(ROSTER))
def test_a_household_of_any_answers_is_checked_without_trouble(tree: dict[str, Any]) -> None:
    interpret(xml_of(tree), ROSTER)


@given(tree_of(SCREENING))
def test_a_screening_of_any_answers_is_checked_without_trouble(tree: dict[str, Any]) -> None:
    interpret(xml_of(tree), SCREENING)


CONCEPTS = [
    "visit.start",
    "visit.end",
    "visit.date",
    "visit.fix",
    "visit.outcome",
    "household.size",
    "household.kind",
    "measure.sbp",
    "measure.dbp",
    "measure.height",
    "measure.weight",
    "audit.served",
    "audit.score",
    "audit.own_doctor",
    "audit.item.doctor_count",
    "audit.item.doctor_post",
]
PERSON_CONCEPTS = [
    "person.name",
    "person.id_number",
    "person.birth_date",
    "person.birth_year",
    "person.age",
    "person.relation",
    "person.sex",
    "measure.sbp1",
    "measure.dbp1",
    "measure.glucose",
    "measure.fasting",
    "clue.adult",
    "finding.codes",
]


@given(
    st.dictionaries(st.sampled_from(CONCEPTS), WORDS),
    st.lists(st.dictionaries(st.sampled_from(PERSON_CONCEPTS), WORDS), max_size=4),
)
def test_concepts_of_any_form_are_checked_without_trouble(
    root: dict[str, str], persons: list[dict[str, str]]
) -> None:
    answers = said(root, persons)

    for complaint in domain_complaints(answers, NOW, date(2026, 11, 22)):
        assert DOMAIN_MESSAGES[complaint.code] % complaint.params
        assert len(complaint.position) <= 1
