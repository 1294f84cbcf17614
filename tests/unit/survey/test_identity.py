from uuid import UUID

from server.survey.identity import stable_uuid


def test_the_same_parts_always_give_the_same_id() -> None:
    assert stable_uuid("clinic", "A1") == stable_uuid("clinic", "A1")
    assert stable_uuid("clinic", "A1") == "f3a4117b-6d1b-4f7c-ad62-f8bc8ec13ff8"


def test_an_id_looks_like_a_random_uuid() -> None:
    one = UUID(stable_uuid("clinic", "A1"))

    assert (one.version, one.variant) == (4, "specified in RFC 4122")


def test_where_a_part_ends_matters() -> None:
    assert stable_uuid("ab", "c") != stable_uuid("a", "bc")
