"""What the phone's engine works out is what the server works out from the same answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from forms.answers import Answers
from forms.plan import ReadingPlan
from forms.results import (
    result_complaints,
    server_clues,
    server_followup,
    server_score,
)
from forms.submission import open_envelope, read_answers
from tests.clients.javarosa.walker import walk
from tests.filled import SAMPLES, shipped
from tests.needs import needs_java

WALKS = 50

pytestmark = needs_java


def filled(form_id: str, folder: Path, **forced: str) -> list[Answers]:
    """Return what many random fillings of a shipped form say."""
    form = shipped(form_id)
    path = folder / "form.xml"
    path.write_bytes(form.xml)
    plan = ReadingPlan(form)
    sent = walk(path, SAMPLES / "phone_lists", WALKS, 2, forced)
    return [read_answers(open_envelope(xml), plan) for xml in sent]


def result_of(answers: Answers) -> object:
    """Return what the server works out, whatever the form is about."""
    score = server_score(answers)
    return (
        tuple(server_clues(answers) or ()),
        server_followup(answers),
        score and (score.score, score.vetoes),
    )


@pytest.mark.parametrize(
    ("form_id", "forced", "kinds"),
    [
        ("disease_screening", {"state": "done", "consent": "yes"}, 20),
        ("chronic_followup", {}, 8),
        ("clinic_audit", {}, 20),
    ],
)
def test_results_of_the_phone_are_borne_out(
    form_id: str, forced: dict[str, str], kinds: int, tmp_path: Path
) -> None:
    today = datetime.now(UTC).date()

    answers = filled(form_id, tmp_path, **forced)

    assert [complaint for one in answers for complaint in result_complaints(one, today)] == []
    assert len({result_of(one) for one in answers}) >= kinds, "too much alike to show anything"
