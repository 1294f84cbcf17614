"""What a reader of a submission may not see: names and numbers of people, sensitive diseases.

Personal answers are told by their concepts. A form also repeats them where no concept stands
(labels it puts together, its own title), so what one answer says is veiled wherever it appears.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from exports.masking import HIDDEN, mask_id_number, mask_name, mask_phone
from forms.answers import Answers
from forms.fields import Field
from server.survey import catalogue

# Shorter texts stand in too many words that name nobody: a name of one sign, a "12" for a phone.
_SHORTEST_NAME, _SHORTEST_NUMBER = 2, 6
# What looks like a citizen's number or a mobile number is one, whatever the form says of it.
_ID_NUMBER = re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])")
_MOBILE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])")


def mask_birth_date(day: str) -> str:
    """Return "1970-**-**" for "1970-05-06", stars for any other text."""
    return f"{day[:4]}-**-**" if re.match(r"[0-9]{4}-", day) else HIDDEN


PERSONAL: Mapping[str, Callable[[str], str]] = {
    "person.name": mask_name,
    "person.id_number": mask_id_number,
    "person.phone": mask_phone,
    "person.birth_date": mask_birth_date,
    "household.phone": mask_phone,
}
"""How the answer to each personal concept is masked."""

SENSITIVE = frozenset(
    {"clue.mental", "clue.tb_history", "finding.codes", "finding.reported", "finding.special"}
)
"""Concepts whose answers may name a sensitive disease. Hidden whole: a gap would say as much."""


@dataclass(frozen=True, slots=True)
class Veil:
    """What lies between one reader and one submission.

    `masks` maps each personal text of the submission to what is shown instead, longest first.
    """

    masks: Mapping[str, str]
    shows_personal: bool
    shows_sensitive: bool

    def text(self, text: str) -> str:
        """Return a text with everything personal in it masked, and no sensitive codes."""
        text = self.codes(text)
        if self.shows_personal:
            return text
        for personal, mask in self.masks.items():
            text = text.replace(personal, mask)
        text = _ID_NUMBER.sub(lambda found: mask_id_number(found[0]), text)
        return _MOBILE.sub(lambda found: mask_phone(found[0]), text)

    def answer(self, field: Field, text: str) -> str:
        """Return the answer to a question: masked by its concept, or whatever personal is in it."""
        mask = PERSONAL.get(field.concept)
        return self.text(text) if mask is None or self.shows_personal else mask(text)

    def hides(self, field: Field) -> bool:
        """Say whether a question may be about a sensitive disease: by concept, name or choices."""
        if self.shows_sensitive:
            return False
        if field.concept in _sensitive_concepts() or field.name.endswith(_sensitive_ends()):
            return True
        meanings = (field.values.get(choice.name, choice.name) for choice in field.choices)
        return any(catalogue.is_sensitive(meaning) for meaning in meanings)

    def codes(self, text: str) -> str:
        """Return a text without the codes of sensitive diseases that stand in it as words."""
        if self.shows_sensitive:
            return text
        words = text.split(" ")
        kept = [word for word in words if not catalogue.is_sensitive(word)]
        return text if len(kept) == len(words) else " ".join(kept)


def veil_of(answers: Answers, *, shows_personal: bool, shows_sensitive: bool) -> Veil:
    """Return the veil of one submission for a reader with these rights."""
    masks: dict[str, str] = {}
    for group in answers.everywhere():
        for concept, mask in PERSONAL.items():
            for source in answers.plan.sources(group.scope, concept):
                text = group.values.get(source.path, "")
                shortest = _SHORTEST_NAME if concept == "person.name" else _SHORTEST_NUMBER
                if len(text) >= shortest:
                    masks[text] = mask(text)
    longest_first = dict(sorted(masks.items(), key=lambda one: -len(one[0])))
    return Veil(longest_first, shows_personal, shows_sensitive)


@cache
def _sensitive_codes() -> tuple[str, ...]:
    codes = [one.code for one in catalogue.diseases()] + [one.code for one in catalogue.clues()]
    return tuple(sorted(code for code in codes if catalogue.is_sensitive(code)))


@cache
def _sensitive_concepts() -> frozenset[str]:
    return SENSITIVE | {f"finding.{code}" for code in _sensitive_codes()}


@cache
def _sensitive_ends() -> tuple[str, ...]:
    # The shipped form works out one clue a line: s_tb_suspect, s_severe_mental_disorder.
    return tuple(f"_{code}" for code in _sensitive_codes())
