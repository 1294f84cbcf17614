"""Villages with sums, for tests of what checks say of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update

from server.database import table_of, writing, writing_session
from server.survey.quality import running, thresholds
from server.survey.registry.sample import import_sample
from server.survey.site import Site
from server.tables.projections import DiseaseTally, VillageTally
from server.tables.reference import Village

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def villages_of(site: Site, most: int) -> list[str]:
    """Import the sample registry; return the codes of its first villages."""
    with writing_session(site.engine) as session:
        import_sample(session, "test")
        return list(session.scalars(select(Village.code).order_by(Village.code).limit(most)))


def put_sums(site: Site, code: str, **sums: int) -> None:
    """Give a village its tally: what is not named is 0."""
    zeros = {one.name: 0 for one in table_of(VillageTally).columns}
    with writing(site.engine) as connection:
        connection.execute(insert(VillageTally), {**zeros, **sums, "village_code": code})


def put_cases(site: Site, code: str, disease: str, cases: int) -> None:
    """Give a village suspected cases of a disease."""
    row = {"village_code": code, "code": disease, "state": "suspected", "cases": cases}
    with writing(site.engine) as connection:
        connection.execute(insert(DiseaseTally), row)


def count_villages(site: Site, most: int) -> list[str]:
    """Give villages 80 persons screened each: 5 to 7 found, and 30 in the first."""
    codes = villages_of(site, most)
    for at, code in enumerate(codes):
        put_sums(site, code, screened=80, suspected=30 if at == 0 else 5 + at % 3)
        for disease in ("hypertension", "severe_mental_disorder"):
            put_cases(site, code, disease, 4)
    return codes


def checked_villages(site: Site) -> list[str]:
    """Count 80 screened in each of twenty-one, 30 found in the first, 6 elsewhere; check them."""
    codes = villages_of(site, 21)
    for code in codes:
        put_sums(site, code, screened=80, suspected=30 if code == codes[0] else 6)
    running.run(site, NOW)
    return codes


def thresholds_of(site: Site, **more: float) -> Mapping[str, float]:
    """Return the site's thresholds, some of them changed: rate_q=0.1 is "rate.q"."""
    with site.engine.connect() as connection:
        chosen: dict[str, Any] = thresholds.current(connection)
    checks = sorted({name.split(".")[0] for name in chosen}, key=len, reverse=True)
    for name, value in more.items():
        check = next(one for one in checks if name.startswith(f"{one}_"))
        chosen[f"{check}.{name.removeprefix(check + '_')}"] = value
    return chosen


def place_villages(site: Site, most: int) -> list[str]:
    """Put villages in a row, 150 screened in each; in three of them twice as many are found."""
    codes = villages_of(site, most)
    for at, code in enumerate(codes):
        with writing(site.engine) as connection:
            where = update(Village).where(Village.code == code)
            connection.execute(where.values(latitude=38.0, longitude=116 + at * 0.03))
        put_sums(site, code, screened=150, suspected=26 if 3 <= at <= 5 else 10 + at % 3)
    return codes
