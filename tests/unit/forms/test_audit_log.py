"""What Collect's audit.csv tells of how a form was filled in, whatever state it is in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from forms.audit_log import AskedQuestion, read_audit

HEAD = "event,node,start,end,latitude,longitude,accuracy,old-value,new-value\n"
WALK = HEAD + (
    "form start,,1000,,,,,,\n"
    "question,/data/hh/village,1000,4000,38.1,116.9,12,,1309\n"
    "question,/data/member[1]/pname,4000,9000,,,,,王\n"
    "question,/data/member[2]/pname,9000,10000,,,,,李\n"
    "question,/data/hh/village,10000,12000,38.2,116.9,8,1309,1310\n"
    "question,/data/member[1]/pname,12000,12500,,,,王,王\n"
    "form save,,13000,,,,,,\n"
    "form resume,,20000,,,,,,\n"
    "end screen,,20000,21000,,,,,\n"
    "form exit,,21000,,,,,,\n"
)


def test_time_visits_and_changes_of_each_question_are_added_up() -> None:
    log = read_audit(WALK.encode())

    assert log.questions == (
        AskedQuestion("hh/village", (), 5.0, 2, 2),
        AskedQuestion("member/pname", (1,), 5.5, 2, 1),
        AskedQuestion("member/pname", (2,), 1.0, 1, 1),
    )
    assert (log.seconds, log.span_s, log.changes) == (11.5, 20.0, 4)


def test_a_jump_back_counts_once_and_the_way_forward_again_does_not() -> None:
    log = read_audit(WALK.encode())

    assert (log.jumps_back, log.pauses) == (1, 1)


def test_where_the_phone_was_comes_in_order_of_time() -> None:
    log = read_audit(WALK.encode())

    assert [(one.at_ms, one.latitude, one.accuracy_m) for one in log.track] == [
        (1000, 38.1, 12.0),
        (10000, 38.2, 8.0),
    ]


def test_lines_without_sense_are_counted_and_passed_over() -> None:
    broken = WALK + "question,/data/x,soon,,,,,,\n,,,,\nquestion,/data/y,1e300,2,,,,,\n"

    log = read_audit(broken.encode())

    assert (len(log.questions), log.unread) == (3, 3)


def test_no_file_no_header_and_no_text_tell_nothing() -> None:
    for content in (b"", b"\xff\xfe\x00", b'"' + b"x" * 300_000, b"event\nquestion\n"):
        assert read_audit(content).questions == ()


@given(st.binary(max_size=400).map(lambda tail: HEAD.encode() + tail) | st.binary(max_size=200))
def test_whatever_the_bytes_are_reading_them_fails_never(content: bytes) -> None:
    log = read_audit(content)

    assert log.seconds >= 0
    assert log.unread >= 0
