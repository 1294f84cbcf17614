"""ODK Validate, as people run it, on forms that are right and forms that are not."""

from __future__ import annotations

import pytest

from forms import validate
from forms.compile import compile_form
from forms.source import FormSource
from forms.validate import validate_with_java
from tests.large_form import large_form
from tests.needs import needs_java
from tests.shipped_forms import FORM_IDS, LIBRARY


@needs_java
@pytest.mark.parametrize("form_id", FORM_IDS)
def test_the_shipped_forms_are_valid(form_id: str) -> None:
    form = compile_form(FormSource.of_path(LIBRARY / form_id)).form

    assert validate_with_java(form.xml) == []


@needs_java
def test_a_large_form_of_every_kind_of_question_is_valid() -> None:
    assert validate_with_java(compile_form(large_form()).form.xml) == []


@needs_java
def test_a_broken_expression_is_told_in_the_words_of_odk_validate() -> None:
    sheet = b"""
| survey |         |      |       |              |
|        | type    | name | label | constraint   |
|        | integer | age  | Age   | . <= today(( |
"""
    form = compile_form(FormSource.of_bytes("age.md", sheet)).form

    (fault,) = validate_with_java(form.xml)

    assert "${age} contains invalid constraint expression" in str(fault)
    assert "/tmp" not in str(fault)


@needs_java
def test_a_check_that_takes_too_long_is_given_up() -> None:
    form = compile_form(large_form(50)).form

    (fault,) = validate_with_java(form.xml, timeout_s=0.01)

    assert str(fault).startswith("ODK Validate did not finish")


def test_without_java_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validate, "java", lambda: None)

    with pytest.raises(FileNotFoundError, match="java"):
        validate_with_java(b"<a/>")
