"""Names of villages as people mean them: 高川村村民委员会, 高川村委会 and 高川村 are one."""

from __future__ import annotations

import re
import unicodedata

_OFFICE = re.compile(r"(?<=.)(?:村民|居民|村|居)委员?会\Z")
_SORT = re.compile(r"(?<=.)(?:行政村|社区|村)\Z")


def name_stem(name: str) -> str:
    """Return what a village's name is without the office and the sort of place in it.

    Names are never keys: two villages of a township may share a stem (and one name occurs
    twice in the country).
    """
    folded = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    return _SORT.sub("", _OFFICE.sub("", folded))
