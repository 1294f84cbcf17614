"""A form's words in the language of whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping


def words_in(labels: Mapping[str, str], language: str) -> str:
    """Return the words in a language, else in the form's first one that has some, "" for none."""
    return labels.get(language) or next((words for words in labels.values() if words), "")
