"""What pyxform does not look at and would write into an XForm that no phone can read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pyxform.parsing.expression import is_xml_tag

from forms import concepts
from forms.faults import Fault
from forms.workbook import Sheet, Workbook, plain

UNDECLARED = (
    'The prefix %(prefix)s of this column is not declared: write %(prefix)s="…" under namespaces'
    ' on the settings sheet; for concepts it is ds="%(namespace)s".'
)
OTHER_NAMESPACE = (
    "The survey reads concepts only under the namespace %(namespace)s, and the settings sheet"
    " declares %(prefix)s as something else: the answers are kept, not counted."
)
BAD_HEADING = (
    "The heading %(heading)s cannot be used in a form: it begins with a letter or _ and goes on"
    " with letters, digits, _, - or ."
)

TWO_IN_ONE = "The heading %(heading)s holds too much: one column is one text in one language."

_TRANSLATED = frozenset(
    {"label", "hint", "guidance_hint", "constraint_message", "required_message"}
)
# Declared by pyxform in every form.
_DECLARED = frozenset({"h", "ev", "xsd", "jr", "orx", "odk", "entities", "xml"})
_PREFIXED = re.compile(r"(?:bind|body|control|instance)::?\s*(?P<prefix>[\w.-]+):(?P<name>\w+)\Z")


def header_faults(book: Workbook) -> list[Fault]:
    """Return the faults of headings: unknown prefixes, two columns in one, no names at all."""
    survey = book.sheets["survey"]
    declared = {*_DECLARED, *_namespaces(book)}
    faults = [
        survey.fault(UNDECLARED, 1, heading, prefix=prefix, namespace=concepts.NAMESPACE)
        for heading, prefix, _ in _prefixed(survey)
        if prefix not in declared
    ]
    faults += [
        sheet.fault(TWO_IN_ONE, 1, heading, heading=heading)
        for sheet in book.sheets.values()
        for heading in sheet.header
        if heading.count("::") > 1 and plain(heading.partition("::")[0]) in _TRANSLATED
    ]
    choices = book.sheets.get("choices")
    for heading in choices.header if choices else ():
        # One with a space is left out by pyxform, with a warning; a colon parts name and language.
        name = heading.partition(":")[0]
        if choices and name and " " not in heading and not is_xml_tag(name):
            faults.append(choices.fault(BAD_HEADING, 1, heading, heading=heading))
    return faults


def namespace_doubts(book: Workbook) -> Iterator[Fault]:
    """Yield a warning for a column of concepts that stands under another namespace than ours."""
    survey = book.sheets["survey"]
    namespaces = _namespaces(book)
    for heading, prefix, name in _prefixed(survey):
        if name in {"concept", "values"} and namespaces.get(prefix) != concepts.NAMESPACE:
            yield survey.fault(
                OTHER_NAMESPACE, 1, heading, prefix=prefix, namespace=concepts.NAMESPACE
            )


def _prefixed(survey: Sheet) -> Iterator[tuple[str, str, str]]:
    for heading in survey.header:
        if found := _PREFIXED.match(heading):
            yield heading, found["prefix"], found["name"]


def _namespaces(book: Workbook) -> dict[str, str]:
    """Return the namespaces of the settings sheet by prefix: `ds="https://…" my="http://…"`."""
    settings = book.sheets.get("settings")
    if settings is None:
        return {}
    text = " ".join(cell for _, cell in settings.cells("namespaces"))
    return dict(re.findall(r"([\w.-]+)\s*=\s*[\"'“”]?([^\"'“”\s]*)", text))
