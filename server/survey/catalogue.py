"""Which diseases there are, which list holds them, and what a clue may turn out to be.

`folder` is a site's data folder, for the lists and diseases it adds (see diseases.py).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from server.errors import Missing
from server.survey.diseases import Catalogue, Clue, Disease, Member, read_book

DEFAULT_CATALOGUE = "yn_13_19"
CHRONIC_CATALOGUE = "yn_chronic_3"


def disease(code: str, folder: Path | None = None) -> Disease:
    """Return one disease. Raises Missing."""
    try:
        return read_book(folder).diseases[code]
    except KeyError:
        raise Missing("There is no disease %(code)s in the catalogue.", code=code) from None


def diseases(folder: Path | None = None) -> tuple[Disease, ...]:
    """Return all diseases, as the catalogue file orders them."""
    return tuple(read_book(folder).diseases.values())


def clues(folder: Path | None = None) -> tuple[Clue, ...]:
    """Return the codes that forms find although they are no disease."""
    return tuple(read_book(folder).clues.values())


def catalogues(folder: Path | None = None) -> tuple[Catalogue, ...]:
    """Return all catalogues, the default one first."""
    return tuple(read_book(folder).catalogues.values())


def catalogue(catalogue_id: str, folder: Path | None = None) -> Catalogue:
    """Return one catalogue. Raises Missing."""
    try:
        return read_book(folder).catalogues[catalogue_id]
    except KeyError:
        raise Missing("There is no catalogue %(id)s.", id=catalogue_id) from None


def members(catalogue_id: str, folder: Path | None = None) -> tuple[Member, ...]:
    """Return the lines of a catalogue in their printed order. Raises Missing."""
    return catalogue(catalogue_id, folder).members


def types_and_kinds(catalogue_id: str, folder: Path | None = None) -> tuple[int, int]:
    """Return how many types and kinds a catalogue lists: 13 and 19 for yn_13_19."""
    one = catalogue(catalogue_id, folder)
    return one.types, one.kinds


def chronic_codes(folder: Path | None = None) -> tuple[str, ...]:
    """Return the chronic diseases that are followed up: hypertension, diabetes, mental disorder."""
    return tuple(member.disease.code for member in members(CHRONIC_CATALOGUE, folder))


def is_known(code: str, folder: Path | None = None) -> bool:
    """Say whether a code names a disease or a clue."""
    book = read_book(folder)
    return code in book.diseases or code in book.clues


def label(code: str, language: str, folder: Path | None = None) -> str:
    """Return the name of a disease or clue in "zh" or "en"; a code nobody knows is its own name."""
    book = read_book(folder)
    found = book.diseases.get(code) or book.clues.get(code)
    return found.label(language) if found else code


def sensitivity(code: str, folder: Path | None = None) -> str:
    """Return health, mental, infectious or hiv; "health" for a code nobody knows."""
    book = read_book(folder)
    found = book.diseases.get(code) or book.clues.get(code)
    return found.sensitivity if found else "health"


def is_sensitive(code: str, folder: Path | None = None) -> bool:
    """Say whether a name beside this disease needs the right to see sensitive diseases."""
    return sensitivity(code, folder) != "health"


def candidates(code: str, folder: Path | None = None) -> tuple[str, ...]:
    """Return the diseases a finding may turn out to be: a clue's candidates, or itself."""
    clue = read_book(folder).clues.get(code)
    return clue.candidates if clue else (code,)


def in_catalogue(code: str, catalogue_id: str, folder: Path | None = None) -> bool:
    """Say whether a finding belongs on a list made for this catalogue.

    It does when the catalogue lists the disease, its type (kinds stand under their type) or one
    of its kinds (which kind it is, the hospital tells later), or any disease a clue points at.
    Raises Missing for an unknown catalogue.
    """
    listed = _listed(catalogue_id, folder)
    return any(one in listed for one in candidates(code, folder))


@lru_cache(maxsize=256)
def _listed(catalogue_id: str, folder: Path | None) -> frozenset[str]:
    codes = {member.disease.code for member in members(catalogue_id, folder)}
    kinds = {one.code for one in diseases(folder) if one.parent in codes}
    types = {disease(code, folder).parent for code in codes} - {""}
    return frozenset(codes | kinds | types)
