"""Which files an XForm expects beside it: pictures it shows and lists it chooses from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from forms.texts import Texts
from forms.xml_names import XFORMS, local

SEARCH = re.compile(r"\bsearch\(\s*['\"]([^'\"]+)['\"]")


def file_of(uri: str) -> str:
    """Return "villages.csv" for "jr://file-csv/villages.csv"; "" for what is no file of the form.

    `jr://instance/last-saved` is the client's own copy of the last answers.
    """
    uri = uri.strip()
    if not uri.startswith("jr://") or uri.startswith("jr://instance/"):
        return ""
    name = uri.rpartition("/")[2]
    return "" if name in (".", "..") else name


def searched_file(appearance: str) -> str:
    """Return the CSV a `search('villages')` appearance chooses from, "" for any other."""
    found = SEARCH.search(appearance)
    if not found:
        return ""
    return found[1] if found[1].endswith(".csv") else f"{found[1]}.csv"


def expected_attachments(
    model: etree._Element, body: etree._Element | None, texts: Texts
) -> tuple[str, ...]:
    """Return the expected file names, each once: lists, media, what the body asks for."""
    found = [*_lists(model), *(file_of(uri) for uri in texts.media()), *_defaults(model)]
    if body is not None:
        found.extend(_asked_by(body))
    return tuple(dict.fromkeys(name for name in found if name))


def _lists(model: etree._Element) -> Iterator[str]:
    for instance in model.findall(f"{XFORMS}instance"):
        yield file_of(instance.get("src", ""))


def _defaults(model: etree._Element) -> Iterator[str]:
    primary = model.find(f"{XFORMS}instance")
    if primary is not None:
        for node in primary.iter(etree.Element):
            yield file_of(node.text or "")


def _asked_by(body: etree._Element) -> Iterator[str]:
    for node in body.iter(etree.Element):
        if local(node) == "input" and node.get("query"):
            yield "itemsets.csv"
        yield searched_file(node.get("appearance", ""))
