"""Results a phone worked out, held against the server's: old forms and edits differ."""

from __future__ import annotations

from forms.audit import VILLAGE_CLINIC, AuditAnswers, AuditScore, audit_score
from forms.clues import screening_answers, screening_clues
from forms.problems import Complaint
from forms.submission import Answers, Group
from forms.values import read_number

MESSAGES = {
    "clues_differ": "The phone's clues (%(phone)s) are not those of the answers (%(server)s).",
    "score_differs": "The phone's score is %(phone)s; the items give %(server)s.",
    "result_differs": "The phone's result is %(phone)s; the items give %(server)s.",
}

_NO_CLUE = "-"


def server_clues(person: Group) -> list[str] | None:
    """Return the clues the answers give, None where the form asks for none of them."""
    asks = person.plan.under(person.scope, "clue.") or person.has_concept("finding.reported")
    return screening_clues(screening_answers(person)) if asks else None


def server_score(answers: Answers, facility: str = VILLAGE_CLINIC) -> AuditScore | None:
    """Return the score of an audit's items, None for answers without any."""
    items = answers.concepts("audit.item.")
    if not items:
        return None
    own_doctor = answers.concept("audit.own_doctor")
    has_own_doctor = {"yes": True, "no": False}.get(own_doctor or "")
    served = read_number(answers.concept("audit.served") or "")
    return audit_score(facility, AuditAnswers(items, served, has_own_doctor))


def result_complaints(answers: Answers) -> list[Complaint]:
    """Return the results of the phone that the answers do not bear out."""
    found = [
        complaint for person in answers.groups("finding.codes") for complaint in _clues(person)
    ]
    score = server_score(answers)
    return found + (_score(answers, score) if score else [])


def _clues(person: Group) -> list[Complaint]:
    given = server_clues(person)
    if given is None:
        return []
    told = (person.concept("finding.codes") or "").split()
    if set(told) == set(given):
        return []
    words = {"phone": " ".join(told) or _NO_CLUE, "server": " ".join(given) or _NO_CLUE}
    return [person.complaint("clues_differ", "finding.codes", **words)]


def _score(answers: Answers, score: AuditScore) -> list[Complaint]:
    found = []
    told = read_number(answers.concept("audit.score") or "")
    if told is not None and score.score is not None and told != score.score:
        words = {"phone": f"{told:.10g}", "server": f"{score.score:.10g}"}
        found.append(answers.complaint("score_differs", "audit.score", **words))
    result = answers.concept("audit.result")
    if result is not None and result != score.result:
        words = {"phone": result, "server": score.result}
        found.append(answers.complaint("result_differs", "audit.result", **words))
    return found
