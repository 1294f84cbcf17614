"""Publishing forms: versions, mappings, files, states."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forms.source import FormSource
from server.database import Base, open_engine
from server.errors import Conflict, Missing, NotValid
from server.survey import files, form_files, form_mappings, form_versions, publishing
from server.tables.truth import Form, FormVersion, Project

WHO = "Li"


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine.execution_options(is_writing=True)) as opened:
        opened.add(Project(id=1, name="1"))
        opened.flush()
        yield opened
        opened.rollback()
    engine.dispose()


def a_form(version: str = "1", *, question: str = "integer | age", form_id: str = "visit") -> bytes:
    """Return a form in Markdown that asks for a village and one question more."""
    kind, name = (part.strip() for part in question.split("|"))
    return (
        "| survey |\n| | type | name | label |\n"
        "| | select_one_from_file villages.csv | village | Village |\n"
        f"| | {kind} | {name} | Question |\n"
        "| | date | seen | Seen |\n"
        "| settings |\n| | form_id | version | form_title |\n"
        f"| | {form_id} | {version} | Visits |\n"
    ).encode()


def with_picture(version: str = "1") -> bytes:
    return (
        "| survey |\n| | type | name | label | media::image |\n"
        "| | select_one_from_file villages.csv | village | Village | |\n"
        "| | note | hello | Hello | logo.png |\n"
        "| settings |\n| | form_id | version |\n"
        f"| | pictured | {version} |\n"
    ).encode()


def zipped(**content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, one in content.items():
            archive.writestr(name.replace("__", "."), one)
    return packed.getvalue()


def concepts(session: Session, form_id: str = "visit") -> dict[str, str]:
    version = form_versions.needed_version(session, 1, form_id)
    form = publishing.compiled_version(session, version.id)
    return {field.path: field.concept for field in form.fields if field.concept}


def test_a_published_form_is_listed_and_serves_the_bytes_of_its_hash(session: Session) -> None:
    published = publishing.publish(session, 1, "visit.md", a_form(), WHO)

    (listed,) = form_versions.listed_forms(session, 1)
    compiled = publishing.compiled_version(session, listed.id)
    assert (published.form_id, published.version, published.is_new) == ("visit", "1", True)
    assert published.waiting == 0
    assert (listed.title, listed.state, listed.questions) == ("Visits", "open", 3)
    assert listed.attachments == ("villages.csv",)
    assert form_versions.form_xml(session, 1, "visit") == compiled.xml
    assert listed.md5 == compiled.md5
    assert form_versions.form_source(session, 1, "visit") == ("visit.md", a_form())


def test_the_same_form_again_is_a_quiet_success(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO)

    again = publishing.publish(session, 1, "visit.md", a_form(), "Wang")

    assert not again.is_new
    assert again.waiting == 0
    (only,) = form_versions.versions(session, 1, "visit")
    assert only.published_by == WHO


def test_other_content_under_a_published_version_is_refused(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO)
    other = publishing.prepare(FormSource.of_bytes("visit.md", a_form(question="text | age")))

    with pytest.raises(Conflict, match="Raise the version"):
        publishing.publish_prepared(session, 1, other, WHO)

    assert publishing.is_taken(session, 1, other)
    assert form_versions.needed_version(session, 1, "visit").questions == 3


def test_the_newest_version_is_current_and_older_ones_stay(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form("2"), WHO)

    publishing.publish(session, 1, "visit.md", a_form("1"), WHO)

    assert [one.version for one in form_versions.listed_forms(session, 1)] == ["1"]
    assert [
        (one.version, one.is_current) for one in form_versions.versions(session, 1, "visit")
    ] == [("1", True), ("2", False)]
    assert form_versions.form_xml(session, 1, "visit", "2") != form_versions.form_xml(
        session, 1, "visit", "1"
    )


def test_publishing_a_version_tells_what_it_loses(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form("1"), WHO)

    published = publishing.publish(session, 1, "visit.md", a_form("2", question="text | age"), WHO)

    assert [str(one) for one in published.warnings] == [
        "The question age was int and is now string: exports hold both."
    ]
    stored = form_versions.published_warnings(
        session, form_versions.needed_version(session, 1, "visit").id
    )
    assert stored[0].params == {"path": "age", "old_type": "int", "type": "string"}


def test_a_faulty_form_is_refused_with_the_place_of_each_fault(session: Session) -> None:
    broken = a_form().replace(b"integer", b"integr")

    with pytest.raises(form_mappings.FaultyForm) as refused:
        publishing.publish(session, 1, "visit.md", broken, WHO)

    assert [(one.sheet, one.row) for one in refused.value.faults] == [("survey", 3)]
    assert form_versions.current_forms(session, 1) == []


def test_a_damaged_archive_is_refused_as_a_fault(session: Session) -> None:
    with pytest.raises(form_mappings.FaultyForm):
        publishing.publish(session, 1, "visit.zip", b"PK\x03\x04 and no more", WHO)


def test_a_mapping_beside_the_form_gives_its_questions_their_meaning(session: Session) -> None:
    mapping = b"path,concept,values\nvillage,visit.village,\nage,person.age,\n"

    publishing.publish(session, 1, "visit.md", a_form(), WHO, mapping)

    assert concepts(session) == {"village": "visit.village", "age": "person.age"}
    assert form_versions.needed_version(session, 1, "visit").has_mapping


def test_a_new_mapping_counts_a_revision_and_leaves_the_form_untouched(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO)
    before = form_versions.form_xml(session, 1, "visit")

    done = form_mappings.set_mapping(
        session, 1, "visit", b"path,concept\nvillage,visit.village\nold,visit.date\nage,no.such\n"
    )

    assert [(one.row, one.column) for one in done.doubts] == [(3, "path"), (4, "concept")]
    assert concepts(session)["village"] == "visit.village"
    assert form_versions.form_xml(session, 1, "visit") == before
    assert session.scalars(select(Form.revision)).one() == 1
    assert form_mappings.mapping_of(session, 1, "visit") is not None


def test_a_mapping_that_is_taken_away_leaves_the_form_s_own_meaning(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO, b"path,concept\nage,person.age\n")

    form_mappings.set_mapping(session, 1, "visit", None)

    assert concepts(session) == {}
    assert session.scalars(select(Form.revision)).one() == 2


def test_a_mapping_without_its_columns_is_refused(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO)

    with pytest.raises(form_mappings.FaultyForm):
        form_mappings.set_mapping(session, 1, "visit", b"question,means\nage,person.age\n")

    assert form_mappings.mapping_of(session, 1, "visit") is None


def test_a_mapping_in_the_office_s_encoding_is_read(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(question="integer | 年龄"), WHO)

    done = form_mappings.set_mapping(
        session, 1, "visit", "path,concept\n年龄,person.age\n".encode("gbk")
    )

    assert done.doubts == ()
    assert concepts(session) == {"年龄": "person.age"}


def test_a_new_version_without_a_mapping_keeps_the_one_that_is_there(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO, b"path,concept\nage,person.age\n")

    publishing.publish(session, 1, "visit.md", a_form("2"), WHO)

    assert concepts(session) == {"age": "person.age"}


def test_a_folder_is_kept_as_a_zip_of_its_sheets_and_its_files_are_attached(
    session: Session, tmp_path: Path
) -> None:
    packed = zipped(
        form__md=with_picture(), logo__png=b"picture", notes__txt=b"", villages__csv=b"x"
    )
    prepared = publishing.prepare(publishing.read_source("pictured.zip", packed))

    published = publishing.publish_prepared(session, 1, prepared, WHO)
    form_files.attach_all(session, tmp_path, 1, published.form_id, prepared.files)

    assert prepared.source == with_picture()
    assert [
        (one.name, one.origin, one.size)
        for one in form_files.expected_files(session, 1, "pictured")
    ] == [("villages.csv", "site", 0), ("logo.png", "uploaded", 7)]
    logo = form_files.form_file(session, 1, "pictured", "logo.png")
    assert files.path_of(tmp_path, logo.sha256).read_bytes() == b"picture"


def test_a_missing_file_is_shown_until_it_is_uploaded(session: Session, tmp_path: Path) -> None:
    publishing.publish(session, 1, "pictured.md", with_picture(), WHO)
    origins = [one.origin for one in form_files.expected_files(session, 1, "pictured")]

    form_files.attach_file(session, tmp_path, 1, "pictured", "logo.png", b"one")
    form_files.attach_file(session, tmp_path, 1, "pictured", "logo.png", b"other")

    assert origins == ["site", "missing"]
    assert form_files.form_file(session, 1, "pictured", "logo.png").size == 5


@pytest.mark.parametrize("name", ["../logo.png", "other.png", "villages.csv", ""])
def test_a_file_the_form_does_not_ask_for_is_refused(
    session: Session, tmp_path: Path, name: str
) -> None:
    publishing.publish(session, 1, "pictured.md", with_picture(), WHO)

    with pytest.raises(NotValid):
        form_files.attach_file(session, tmp_path, 1, "pictured", name, b"one")

    with pytest.raises(Missing):
        form_files.form_file(session, 1, "pictured", name)


def test_only_open_forms_are_listed_to_phones(session: Session) -> None:
    publishing.publish(session, 1, "a.md", a_form(form_id="a"), WHO)
    publishing.publish(session, 1, "b.md", a_form(form_id="b"), WHO)

    publishing.set_state(session, 1, "a", "closing")

    assert [one.form_id for one in form_versions.listed_forms(session, 1)] == ["b"]
    assert [one.state for one in form_versions.current_forms(session, 1)] == ["closing", "open"]


def test_states_and_forms_that_do_not_exist_are_refused(session: Session) -> None:
    publishing.publish(session, 1, "visit.md", a_form(), WHO)

    with pytest.raises(NotValid):
        publishing.set_state(session, 1, "visit", "gone")
    with pytest.raises(Missing):
        publishing.set_state(session, 1, "other", "closed")
    with pytest.raises(Missing):
        form_versions.form_xml(session, 1, "visit", "9")
    with pytest.raises(Missing):
        form_versions.versions(session, 2, "visit")


def test_the_shipped_pack_is_published_once_without_a_warning(session: Session) -> None:
    first = publishing.publish_pack(session, 1)

    again = publishing.publish_pack(session, 1)

    assert [one.form_id for one in first] == list(publishing.PACK)
    assert [one.warnings for one in first] == [()] * 4
    assert again == []
    assert len(session.scalars(select(FormVersion.id)).all()) == 4
    missing = [
        one.name
        for form_id in publishing.PACK
        for one in form_files.expected_files(session, 1, form_id)
        if one.origin == "missing"
    ]
    assert missing == []


def test_the_shipped_forms_carry_what_coverage_and_lists_need(session: Session) -> None:
    publishing.publish_pack(session, 1)

    carried = {form_id: set(concepts(session, form_id).values()) for form_id in publishing.PACK}

    assert {"visit.village", "visit.outcome", "visit.fix"} <= carried["household_roster"]
    assert {"person.name", "finding.codes", "screening.state"} <= carried["disease_screening"]
    assert {"person.id", "followup.class"} <= carried["chronic_followup"]
    assert {"clinic.id", "audit.score", "audit.veto"} <= carried["clinic_audit"]
