"""What a question can mean to the survey: the vocabulary of ds:concept and ds:values."""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "https://doorstep.health/xforms"

# Concepts by their first word. "*" stands for any name of the site's own (a measurement, an item).
VOCABULARY: Mapping[str, str] = {
    "visit": "date start end worker device village fix consent outcome way corrects",
    "household": "key number kind group size cause phone identified_on",
    "person": "id name sex birth_date birth_year age id_number no_id_why relation residence"
    " household kind phone",
    "screening": "state consent",
    "measure": "*",
    "clue": "adult woman child mental dust tb_history dialysis fobt cervix breast",
    # Any other last part is a disease code of the catalogue: 1, 0, yes or no.
    "finding": "*",
    "followup": "module danger adverse complication previous class next_date referred",
    # A second interview: of which entry, how the call ended, and the same questions again.
    "backcheck": "of outcome visited known household.* person.* measure.*",
    "clinic": "id",
    "audit": "date served own_doctor item.* got possible got.* possible.* score veto result",
}


def is_known(concept: str) -> bool:
    """Say whether the survey knows what to do with an answer of this concept."""
    room, _, rest = concept.partition(".")
    names = VOCABULARY.get(room, "").split()
    if not rest:
        return False
    stem, _, last = rest.partition(".")
    if last:
        return f"{stem}.*" in names and "." not in last
    return rest in names or "*" in names


def read_values(text: str) -> dict[str, str]:
    """Return the translation that ds:values writes as "1=completed 2=refused".

    A choice with nothing after its `=` means nothing to the survey. Raises ValueError naming the
    part that has no `=`.
    """
    values: dict[str, str] = {}
    for part in text.split():
        name, equals, meaning = part.partition("=")
        if not equals or not name:
            raise ValueError(part)
        values[name] = meaning
    return values
