"""Results a phone worked out, held against the server's: old forms and edits differ."""

from __future__ import annotations

from datetime import date, timedelta

from forms.answers import Answers, Group
from forms.audit import ITEMS, AuditAnswers, AuditScore, audit_score
from forms.clues import screening_answers, screening_clues
from forms.followup import FollowupResult, followup_answers, followup_result
from forms.problems import Complaint
from forms.values import read_day, read_number

MESSAGES = {
    "clues_differ": "The phone's clues (%(phone)s) are not those of the answers (%(server)s).",
    "class_differs": "The phone's class is %(phone)s; the answers give %(server)s.",
    "referral_missing": "This person must be referred, and was not.",
    "next_visit_late": "The next visit is due within %(days)s days, by %(day)s.",
    "score_differs": "The phone's score is %(phone)s; the items give %(server)s.",
    "result_differs": "The phone's result is %(phone)s; the items give %(server)s.",
}

_NO_CLUE = "-"


def server_clues(person: Group) -> list[str] | None:
    """Return the clues the answers give, None where the form asks for none of them."""
    asks = person.plan.under(person.scope, "clue.") or person.has_concept("finding.reported")
    return screening_clues(screening_answers(person)) if asks else None


def server_followup(person: Group) -> FollowupResult | None:
    """Return what follows from a chronic-disease visit, None where the form asks too little."""
    answers = followup_answers(person)
    return followup_result(answers) if answers else None


def server_score(answers: Answers) -> AuditScore | None:
    """Return the score of an audit, None for a form that does not ask a catalogue's every item."""
    facility = _facility(answers)
    if facility is None:
        return None
    items = answers.concepts("audit.item.")
    own_doctor = answers.concept("audit.own_doctor")
    has_own_doctor = {"yes": True, "no": False}.get(own_doctor or "")
    served = read_number(answers.concept("audit.served") or "")
    return audit_score(facility, AuditAnswers(items, served, has_own_doctor))


def result_complaints(answers: Answers, visited_on: date) -> list[Complaint]:
    """Return the results of the phone that the answers do not bear out."""
    found = [
        complaint for person in answers.groups("finding.codes") for complaint in _clues(person)
    ]
    for person in answers.groups("followup.module"):
        followup = server_followup(person)
        if followup:
            found += _followup(person, followup, visited_on)
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


def _followup(person: Group, followup: FollowupResult, visited_on: date) -> list[Complaint]:
    found = []
    told = person.concept("followup.class")
    if told is not None and told != followup.followup_class:
        words = {"phone": told, "server": followup.followup_class}
        found.append(person.complaint("class_differs", "followup.class", **words))
    if followup.must_refer and person.concept("followup.referred") == "no":
        found.append(person.complaint("referral_missing", "followup.referred"))
    due = visited_on + timedelta(days=followup.max_days)
    next_on = read_day(person.concept("followup.next_date") or "")
    if next_on and next_on > due:
        words = {"days": str(followup.max_days), "day": due.isoformat()}
        found.append(person.complaint("next_visit_late", "followup.next_date", **words))
    return found


def _facility(answers: Answers) -> str | None:
    """Return the kind of facility whose items the form asks, None when it asks another list."""
    asked = {code for code, _ in answers.plan.under(answers.scope, "audit.item.")}
    for facility, items in ITEMS.items():
        if asked >= {item.code for item in items if item.is_asked}:
            return facility
    return None


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
