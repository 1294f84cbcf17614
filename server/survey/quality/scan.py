"""Neighbouring villages that stand out together, indicator by indicator (maps.scan).

Villages differ for real, each for itself: chance may differ as much in what a group is held
against. Worked out again only where counts, places or thresholds changed.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from maps import scan
from maps.rates import Reference, of_all
from maps.scan import Cluster, Search
from server.database import table_of, writing
from server.survey.quality import nearby, rates, signals, thresholds
from server.survey.quality.nearby import Nearby
from server.survey.quality.rates import Counted
from server.survey.quality.signals import NOTHING, Change
from server.survey.site import Site
from server.tables.reference import Village
from server.tables.signals import RateModel

MODEL = table_of(RateModel)
CHECK = "cluster"
# One village by itself is the other check's.
FEWEST_VILLAGES = 2


def work_out(site: Site, chosen: Mapping[str, float], now: datetime) -> Change:
    """Bring the groups of neighbouring villages up to date; after rates.work_out."""
    own = thresholds.hash_of({**thresholds.of_check(chosen, CHECK), "seed": thresholds.SEED})
    with site.engine.connect() as connection:
        models = {row.indicator: row for row in connection.execute(select(MODEL))}
        changed = {name for name, row in models.items() if row.scanned != _scanned(row, own)}
        told = _told(connection, chosen, models, changed) if changed else []
        listed = select(signals.SIGNAL.c.indicator).where(signals.SIGNAL.c.check == CHECK)
        gone = set(connection.scalars(listed)) - models.keys()
    if not changed and not gone:
        return NOTHING
    with writing(site.engine, is_durable=False) as connection:
        for name in sorted(changed):
            now_scanned = {"scanned": _scanned(models[name], own)}
            connection.execute(update(MODEL).where(MODEL.c.indicator == name).values(now_scanned))
        return signals.bring(connection, [CHECK], told, now, indicators=sorted(changed | gone))


def _scanned(model: Any, own: str) -> str:
    return f"{model.inputs}:{own}"


def _told(
    connection: Connection,
    chosen: Mapping[str, float],
    models: Mapping[str, Any],
    changed: set[str],
) -> list[dict[str, Any]]:
    around = nearby.nearby(connection)
    names = {
        row.code: (row.name, row.township_code)
        for row in connection.execute(select(Village.code, Village.name, Village.township_code))
    }
    rows = []
    for counted in rates.counts(connection, chosen["rate.fewest_cases"]):
        if counted.indicator in changed:
            model = models[counted.indicator]
            for cluster in groups(counted, around, search_of(chosen, model), chosen):
                rows += _signals(counted, cluster, model, names, chosen["cluster.smallest_ratio"])
    return rows


def search_of(chosen: Mapping[str, float], model: Any) -> Search:
    """Return how an indicator's groups are looked for at this site."""
    spread = of_all(Reference(model.share, model.alpha, model.beta), chosen["rate.trimmed"])
    return Search(
        seed=thresholds.SEED,
        largest=chosen["cluster.largest"],
        fewest_villages=FEWEST_VILLAGES,
        fewest_cases=int(chosen["cluster.fewest_cases"]),
        replications=int(chosen["cluster.replications"]),
        alpha=spread.alpha,
        beta=spread.beta,
        worst_p=chosen["cluster.p"],
    )


def groups(
    counted: Counted, around: Nearby, search: Search, chosen: Mapping[str, float]
) -> list[Cluster]:
    """Return the groups worth a journey; their members are positions in `counted.villages`.

    Without its highest village a group is to be one still: one village is the other check's.
    """
    known = around.known(counted.villages)
    found = scan.clusters(
        [counted.events[at] for at in known],
        [counted.tried[at] for at in known],
        [around.places[counted.villages[at]] for at in known],
        search,
    )
    several = [replace(one, members=tuple(known[at] for at in one.members)) for one in found]
    least = chosen["cluster.smallest_ratio"]
    return [one for one in several if _is_worth_it(counted, _all_but_highest(counted, one), least)]


def _usual(counted: Counted, at: int) -> float:
    return counted.tried[at] * sum(counted.events) / sum(counted.tried)


def _all_but_highest(counted: Counted, cluster: Cluster) -> list[int]:
    excess = {at: counted.events[at] - _usual(counted, at) for at in cluster.members}
    highest = max(cluster.members, key=lambda at: (excess[at], -at))
    return [at for at in cluster.members if at != highest]


def _is_worth_it(counted: Counted, places: Sequence[int], least: float) -> bool:
    """Say whether some villages together have so many times the usual."""
    usual = sum(_usual(counted, at) for at in places)
    return sum(counted.events[at] for at in places) >= least * usual


def _signals(
    counted: Counted,
    cluster: Cluster,
    model: Any,
    names: Mapping[str, tuple[str, str]],
    least: float,
) -> list[dict[str, Any]]:
    """Return a signal for each township that the group reaches into: who goes there sees his part.

    Each speaks of its own villages alone, under the first one's code. A township whose part is
    as usual hears nothing.
    """
    parts: dict[str, list[int]] = defaultdict(list)
    for at in cluster.members:
        _, township = names.get(counted.villages[at], ("", ""))
        parts[township].append(at)
    return [
        _signal(counted, cluster, model, names, (township, part))
        for township, part in sorted(parts.items())
        if _is_worth_it(counted, part, least)
    ]


def _signal(
    counted: Counted,
    cluster: Cluster,
    model: Any,
    names: Mapping[str, tuple[str, str]],
    of: tuple[str, Sequence[int]],
) -> dict[str, Any]:
    township, part = of
    codes = [counted.villages[at] for at in part]
    events = sum(counted.events[at] for at in part)
    tried = sum(counted.tried[at] for at in part)
    expected = sum(_usual(counted, at) for at in part)
    # Another group, or twice as many: not every person more is a new question.
    members = hashlib.sha256(" ".join(codes).encode()).hexdigest()[:16]
    return {
        "check": CHECK,
        "subject": codes[0],
        "indicator": counted.indicator,
        "family": "village",
        "village_code": codes[0],
        "township_code": township,
        "phone_id": None,
        "submission_id": None,
        "figures": {
            "events": events,
            "tried": tried,
            "expected": round(expected, 6),
            "ratio": round(events / expected, 6),
            "p": cluster.p,
            "villages": [[code, names.get(code, (code, ""))[0]] for code in codes],
            "elsewhere": len(cluster.members) - len(codes),
            "alikeness": model.alikeness,
        },
        "verdict": "flag",
        "inputs": f"{members}:{events.bit_length()}",
        "compared": model.inputs,
    }
