"""How often a worker's first interviews differ from the second ones: W10 of the checks on workers.

Worked out by `doorstep checks` over all draws. It reads answers of back-checks alone, which are
one in ten or twenty of the households; nothing of it needs scipy.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, select
from sqlalchemy.orm import Session

from server.database import writing
from server.survey import phones
from server.survey.areas import Scope
from server.survey.back_checks.questions import BY_NAME, ErrorRate, Pair, error_rates, pairs
from server.survey.quality import signals, thresholds
from server.survey.quality.intervals import wilson
from server.survey.quality.signals import Change
from server.survey.site import Site
from server.tables.back_checks import BackCheckEntry
from server.tables.projections import BackCheckAnswer
from server.tables.reference import Village
from server.tables.signals import Signal
from server.tables.truth import Submission

CHECK = "back_check"
NOT_VISITED = "not_visited"
"""A household that knows of no earlier visit: a record to look at, whatever the worker's rate."""
LEAST, LIMIT = f"{CHECK}.least", f"{CHECK}.share"

_E, _A = BackCheckEntry, BackCheckAnswer


@dataclass(frozen=True, slots=True)
class Asked:
    """One household asked twice: by whom first, in which township, and the answers that compare.

    `submission_id` is the first record's, None where it is gone; `days` those of both interviews.
    """

    entity_id: str
    phone_id: int
    township_code: str
    pairs: tuple[Pair, ...]
    entry_id: int
    village_code: str
    root_instance_id: str
    submission_id: int | None
    days: tuple[str, str]


@dataclass(frozen=True, slots=True)
class WorkerRate:
    """One worker's answers to one question, as the last checks judged them."""

    phone_id: int
    worker: str
    rate: ErrorRate
    verdict: str


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring the signals of back-checks up to date, for every worker and question."""
    with site.engine.connect() as connection:
        several = asked_twice(connection)
    rows = [*_rows(several, chosen), *_unknown_visits(several)]
    with writing(site.engine, is_durable=False) as connection:
        return signals.bring(connection, [CHECK, NOT_VISITED], rows, now)


def asked_twice(connection: Connection) -> list[Asked]:
    """Return the households that another worker met again, each with its last such answer."""
    first = and_(
        Submission.instance_id == _E.root_instance_id,
        Submission.form_id == _E.form_id,
        Submission.project_id == _E.project_id,
    )
    rows = connection.execute(
        select(
            _E.entity_id,
            _E.first_phone_id,
            Village.township_code,
            _E.said,
            _A.said,
            _E.id,
            _E.village_code,
            _E.root_instance_id,
            Submission.id,
            _E.interviewed_on,
            _A.answered_on,
        )
        .join(_A, _A.entity_id == _E.entity_id)
        .outerjoin(Village, Village.code == _E.village_code)
        .outerjoin(Submission, first)
        .where(_A.outcome == "met", _A.phone_id.is_distinct_from(_E.first_phone_id))
        .order_by(_A.moment)
    )
    found: dict[str, Asked] = {}
    for entity_id, phone_id, township, before, after, *where, began, again in rows:
        entry_id, village_code, root, submission_id = where
        found[entity_id] = Asked(
            entity_id,
            phone_id,
            township or "",
            tuple(pairs(before, after)),
            entry_id,
            village_code,
            root,
            submission_id,
            (began.isoformat(), again.isoformat()),
        )
    return [found[key] for key in sorted(found)]


def _unknown_visits(several: list[Asked]) -> list[dict[str, Any]]:
    """Return a signal for each record of whose interview the household knows nothing."""
    return [
        {
            "check": NOT_VISITED,
            "subject": one.root_instance_id,
            "indicator": "",
            "family": "record",
            "village_code": one.village_code,
            "township_code": one.township_code,
            "phone_id": one.phone_id,
            "submission_id": one.submission_id,
            "figures": {"entry": one.entry_id, "first": one.days[0], "again": one.days[1]},
            "verdict": "flag",
            "inputs": _hash([one.entity_id, *one.days]),
            "compared": _hash([one.entity_id, *one.days]),
        }
        for one in several
        if any(pair.question.name == "visited" and pair.differs for pair in one.pairs)
    ]


def _rows(several: list[Asked], chosen: Mapping[str, float]) -> list[dict[str, Any]]:
    of_worker: dict[int, list[Asked]] = defaultdict(list)
    for one in several:
        of_worker[one.phone_id].append(one)
    least, limit = chosen[LEAST], chosen[LIMIT]
    rows = []
    for phone_id, asked in sorted(of_worker.items()):
        township = Counter(one.township_code for one in asked).most_common(1)[0][0]
        for rate in error_rates(pair for one in asked for pair in one.pairs):
            inputs = _hash(
                [one.entity_id, pair.first, pair.second]
                for one in asked
                for pair in one.pairs
                if pair.question is rate.question
            )
            rows.append(
                {
                    "check": CHECK,
                    "subject": str(phone_id),
                    "indicator": rate.question.name,
                    "family": "worker",
                    "village_code": "",
                    "township_code": township,
                    "phone_id": phone_id,
                    "submission_id": None,
                    "figures": _figures(rate),
                    "verdict": rate.verdict(least, limit),
                    "inputs": inputs,
                    "compared": _hash([inputs, least, limit]),
                }
            )
    return rows


def _figures(rate: ErrorRate) -> dict[str, Any]:
    return {
        "type": rate.question.type,
        "tried": rate.tried,
        "differing": rate.differing,
        "low": rate.low,
        "high": rate.high,
        "mean": rate.mean,
        "lower": rate.lower,
        "upper": rate.upper,
    }


def of_workers(session: Session, project_id: int, scope: Scope) -> list[WorkerRate]:
    """Return what the last checks say of the workers of a scope, those worth a talk first."""
    names = {one.id: one.name for one in phones.phone_list(session, project_id, scope)}
    order = ("flag", "watch", "usual", "too_few")
    found = [
        WorkerRate(
            one.phone_id, names[one.phone_id], _rate(one.indicator, one.figures), one.verdict
        )
        for one in session.scalars(select(Signal).where(Signal.check == CHECK))
        if one.phone_id in names and one.indicator in BY_NAME
    ]
    numbered = {name: number for number, name in enumerate(BY_NAME)}
    return sorted(
        found,
        key=lambda one: (order.index(one.verdict), one.worker, numbered[one.rate.question.name]),
    )


def by_question(several: list[WorkerRate]) -> list[ErrorRate]:
    """Return the error rates of all these workers together, question by question."""
    tried: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    for one in several:
        tried[one.rate.question.name] += one.rate.tried
        differing[one.rate.question.name] += one.rate.differing
    return [
        ErrorRate(question, tried[name], differing[name], *wilson(differing[name], tried[name]))
        for name, question in BY_NAME.items()
        if tried[name]
    ]


def chosen_limits(session: Session) -> tuple[float, float]:
    """Return from how many answers on workers are judged, and the share that is too much."""
    chosen = thresholds.current(session)
    return chosen[LEAST], chosen[LIMIT]


def _rate(name: str, told: Mapping[str, Any]) -> ErrorRate:
    return ErrorRate(
        BY_NAME[name],
        told["tried"],
        told["differing"],
        told["low"],
        told["high"],
        told["mean"],
        told["lower"],
        told["upper"],
    )


def _hash(told: Any) -> str:
    return hashlib.sha256(json.dumps(list(told)).encode()).hexdigest()
