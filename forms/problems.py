"""What can be wrong with a submission: refusals (not kept) and complaints (kept and flagged)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Parameter = str | int | float

REFUSALS = {
    "too_large": "The answers are too large: at most %(limit_mb)s MB.",
    "encoding": "The answers are not valid UTF-8 text.",
    "nul": "The answers contain a NUL byte.",
    "illegal_character": "The answers contain a character that XML does not allow.",
    "doctype": "The answers contain a document type, which is not allowed.",
    "instruction": "The answers contain a processing instruction, which is not allowed.",
    "too_many": "The answers have too many parts: at most %(limit)s.",
    "too_deep": "The answers are nested too deeply: at most %(limit)s levels.",
    "truncated": "The answers are cut off. Send the form again.",
    "malformed": "The answers are not readable XML.",
    "no_form_id": "The answers do not say which form they belong to.",
    "no_instance_id": "The encrypted answers have no instance id.",
    "identifier_too_long": "The %(what)s of the answers is too long: at most %(limit)s characters.",
}
"""Message ids (English) of every code a `SubmissionProblem` can carry."""


class SubmissionProblem(ValueError):
    """The bytes cannot be kept. `code` is stable; `msgid % params` are the words.

    A parameter named `what` is an English message id itself and wants translating too.
    """

    def __init__(self, code: str, **params: Parameter) -> None:
        self.code = code
        self.msgid = REFUSALS[code]
        self.params: Mapping[str, Parameter] = params
        super().__init__(self.msgid % params)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a check says of one answer.

    `path` is the field's path ("" when it is about the whole). `position` holds the 1-based
    numbers of the enclosing repetitions, outermost first; () outside repeats.
    The words are `MESSAGES[code] % params` of the module that raised it; `what` as above.
    """

    code: str
    path: str
    position: tuple[int, ...] = ()
    params: Mapping[str, Parameter] = field(default_factory=dict)
