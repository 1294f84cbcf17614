"""Compiles an XLSForm, in whatever file it comes, into the XForm that phones are given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from xml.parsers.expat import ExpatError

from pyxform.errors import PyXFormError
from pyxform.xls2xform import convert

from forms.concepts import is_known
from forms.faults import Fault, FormProblem, refuse
from forms.fields import CompiledForm
from forms.mapping import FILE, UNKNOWN_CONCEPT, doubts_of, mapped
from forms.prechecks import header_faults, namespace_doubts
from forms.pyxform_words import VERBATIM, faults_of
from forms.reading import form_file, read_workbook
from forms.source import FormSource
from forms.workbook import Sheet, Workbook
from forms.xform import parsed, read_xform, submission_address

# Phones ask for forms by URLs that end in the id plus one of these (openrosa.md G9).
_ENDINGS = (".xml", ".xls", ".xlsx")

NO_FORM_ID = "The form has no form_id: write one on the settings sheet."
BAD_ENDING = "The form_id %(form_id)s must not end in %(ending)s."
BAD_FORM_ID = "The form_id %(form_id)s cannot stand in a web address: leave out / and \\."
ID_FROM_FILE = "The settings sheet gives no form_id: the name of the file, %(form_id)s, is used."
ENCRYPTED_ANSWERS = (
    "The form encrypts its answers: they are kept as they come and cannot be counted here."
)
SENDS_ELSEWHERE = (
    "Phones send the answers of this form to %(url)s and not to this site: "
    "empty submission_url on the settings sheet."
)
NO_VERSION = "The settings sheet gives no version: phones cannot tell this form from the next."

# What pyxform raises on forms it was not tried with; all mean that the form is at fault.
_PYXFORM_TROUBLE = (
    ArithmeticError,
    AttributeError,
    ExpatError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled form, what is doubtful about it, and the files that came along for it.

    `files` are those of the form's expected attachments that the source held, by name.
    """

    form: CompiledForm
    warnings: tuple[Fault, ...]
    files: Mapping[str, bytes]


def compile_form(source: FormSource) -> Compiled:
    """Return the XForm of a source, the same bytes for the same sheets, whatever file held them.

    Raises FormProblem, with every fault found, when no phone could use the form.
    """
    whole = form_file(source)
    warnings: list[Fault] = []
    made: dict[str, bytes] = {}
    if whole is not None and whole[2] == "xml":
        form = read_xform(whole[1])
        warnings.extend(_strange_concepts(form))
    else:
        form, warnings, made = _compiled(source)
    _check_form_id(form.form_id)
    if not form.version:
        warnings.append(Fault(NO_VERSION, sheet="settings", column="version"))
    if b"<submission" in form.xml and (url := submission_address(parsed(form.xml))):
        warnings.append(Fault(SENDS_ELSEWHERE, {"url": url}, "settings", column="submission_url"))
    if b"base64RsaPublicKey" in form.xml:
        warnings.append(Fault(ENCRYPTED_ANSWERS, sheet="settings", column="public_key"))
    if FILE in source.files:
        form, doubts = mapped(form, source.files[FILE])
        warnings.extend(doubts)
    files = {**source.files, **made}
    along = {name: files[name] for name in form.attachments if name in files}
    return Compiled(form, tuple(warnings), along)


def _compiled(source: FormSource) -> tuple[CompiledForm, list[Fault], dict[str, bytes]]:
    book = read_workbook(source)
    if faults := header_faults(book):
        raise FormProblem(faults)
    warnings = [*namespace_doubts(book), *_doubts(book)]
    fallback = _usable(PurePosixPath(source.name).stem)
    settings = book.sheets.get("settings")
    if settings is None or not any(settings.cells("form_id", "id_string", "set_form_id")):
        if not fallback:
            raise FormProblem([Fault(NO_FORM_ID, sheet="settings", column="form_id")])
        warnings.append(Fault(ID_FROM_FILE, {"form_id": fallback}, "settings", None, "form_id"))
    said: list[str] = []
    try:
        result = convert(book.as_pyxform(fallback), warnings=said)
    except PyXFormError as error:
        raise FormProblem(faults_of(str(error), book)) from error
    except _PYXFORM_TROUBLE as error:
        raise refuse(VERBATIM, words=f"{type(error).__name__}: {error}") from error
    for words in said:
        warnings.extend(faults_of(words, book))
    form = read_xform(result.xform.encode())
    made = {} if result.itemsets is None else {"itemsets.csv": result.itemsets.encode()}
    return form, warnings, made


def _doubts(book: Workbook) -> Iterator[Fault]:
    """Yield a warning for each concept the survey does not know, each unreadable translation."""
    survey = book.sheets["survey"]
    concept_heading, values_heading = (_heading(survey, name) for name in ("concept", "values"))
    meanings, values = dict(survey.cells(concept_heading)), dict(survey.cells(values_heading))
    for row in sorted({*meanings, *values}):
        yield from doubts_of(
            survey, row, concept_heading, meanings.get(row, ""), values_heading, values.get(row, "")
        )


def _heading(survey: Sheet, name: str) -> str:
    """Return the heading of `bind::ds:concept`, whatever prefix the form gives the namespace."""
    written = re.compile(rf"bind::?\s*\w+:{name}\Z", re.IGNORECASE)
    return next((heading for heading in survey.header if written.match(heading)), "")


def _strange_concepts(form: CompiledForm) -> Iterator[Fault]:
    for field in form.fields:
        if field.concept and not is_known(field.concept):
            yield Fault(UNKNOWN_CONCEPT, {"concept": field.concept}, column=field.path)


def _check_form_id(form_id: str) -> None:
    for ending in _ENDINGS:
        if form_id.lower().endswith(ending):
            raise refuse(BAD_ENDING, form_id=form_id, ending=ending)
    if re.search(r"[/\\\x00-\x1f]", form_id) or not form_id.strip("."):
        raise refuse(BAD_FORM_ID, form_id=form_id)


def _usable(stem: str) -> str:
    """Return a file's name as a form id: what a web address cannot hold becomes `_`."""
    return re.sub(r"[\s/\\?#%]+", "_", stem).strip("_")
