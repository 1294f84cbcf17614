"""The demo's villages: register figures, how far each has got, who works there."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from server.survey.demo.people import stream

# The register of Gaochuan: 33 village units (docs/demo.en.md).
HOUSEHOLDS, PERSONS = 8_440, 30_891
WORKERS = 12
VILLAGES_A_WORKER = 3
VILLAGES_A_TOWNSHIP = 15
# No place uses area codes that begin with 99.
INVENTED_COUNTY = "990001"
# The worker whose visits are short, and the one who likes round numbers, are chosen by how many
# households they visit; the villages of the other faults by their size.
MANY_SICK_RANK, FAULTS_RANK, OTHER_FAULTS_RANK = 4, 5, 6
_CENTRE = 38.1, 116.9
_OVER, _FINISHED, _HALF, _BEGUN, _WAITING = "over", "finished", "half", "begun", "waiting"
# Share of the register visited, and the days before today on which that went on.
_SHARES = {_OVER: 1.12, _FINISHED: 0.99, _HALF: 0.5, _BEGUN: 0.06, _WAITING: 0.0}
_DAYS = {
    _OVER: (58, 22),
    _FINISHED: (60, 28),
    _HALF: (52, 2),
    _BEGUN: (12, 2),
    _WAITING: (1, 1),
}
_FULL_SHARE = 0.98
# What synthetic villages have reached, one after another.
_INVENTED_STAGES = ((0.98, _FINISHED), (0.9, _HALF), (0.98, _FINISHED), (0.6, _HALF))
_INVENTED_HOUSEHOLDS = 256


@dataclass(frozen=True, slots=True)
class Place:
    """A village of the demo. `households` and `persons` are None where the register is missing.

    `goal` is how many households are visited, between `first_day` and `last_day` days before
    today. `worker` counts from 0. `clinic_code` is "" where there is no clinic.
    """

    code: str
    name: str
    township: str
    households: int | None
    persons: int | None
    latitude: float
    longitude: float
    goal: int
    first_day: int
    last_day: int
    worker: int
    clinic_code: str
    has_clinic_position: bool

    @property
    def clinic(self) -> tuple[float, float]:
        """Where the clinic stands, in degrees."""
        return self.latitude + 0.001, self.longitude - 0.001


@dataclass(frozen=True, slots=True)
class Plan:
    """All places in the order of their codes, and where the planted faults are."""

    places: tuple[Place, ...]
    many_sick: Place
    faults: Place
    other_faults: Place
    short_worker: int
    round_worker: int


def plan_places(villages: Sequence[tuple[str, str]], households: int, seed: int) -> Plan:
    """Return the demo's places: the real `villages` (code, name), and invented ones when needed.

    The goals add up to `households`.
    """
    random = stream(seed, "places")
    sizes = _register(random, len(villages) - 1)
    ranks = _ranks(sizes)
    stages = [_stage(rank, len(sizes)) for rank in ranks] + [_BEGUN]
    known: list[int | None] = [*sizes, None]
    goals = _goals([*sizes, _INVENTED_HOUSEHOLDS], stages, households)
    persons = _shared_out([size * random.uniform(0.95, 1.05) for size in sizes], PERSONS)
    places = [
        _place(random, number, village, known[number], [*persons, None][number], stages, goals)
        for number, village in enumerate(villages)
    ]
    places += _invented(random, households - sum(goals), len(places))
    return _with_faults(tuple(places), ranks)


def villages_csv(places: Sequence[Place], told_on: str) -> bytes:
    """Return the villages as a file of the register, told on a day (ISO)."""
    heading = [
        "village_code",
        "village_name",
        "township_code",
        "township_name",
        "county_code",
        "county_name",
        "latitude",
        "longitude",
        "households",
        "persons",
        "source",
        "date",
    ]
    rows = [
        [
            place.code,
            place.name,
            *_divisions(place),
            f"{place.latitude:.6f}",
            f"{place.longitude:.6f}",
            *(
                ("", "", "", "")
                if place.households is None
                else (str(place.households), str(place.persons), "register", told_on)
            ),
        ]
        for place in places
    ]
    return _csv(heading, rows)


def clinics_csv(places: Sequence[Place]) -> bytes:
    """Return one clinic a village, a few of them without a position."""
    heading = ["clinic_code", "clinic_name", "kind", "village_code", "latitude", "longitude"]
    rows = []
    for place in places:
        position = [f"{part:.6f}" for part in place.clinic]
        position = position if place.has_clinic_position else ["", ""]
        rows.append(
            [
                place.clinic_code,
                f"{stem(place.name)}卫生室",
                "village_clinic",
                place.code,
                *position,
            ]
        )
    return _csv(heading, rows)


def stem(name: str) -> str:
    """Return a village's name without its committee."""
    return name.removesuffix("村民委员会").removesuffix("村委会")


def _register(random: Random, count: int) -> list[int]:
    return _shared_out([random.uniform(0.32, 1.8) for _ in range(count)], HOUSEHOLDS)


def _ranks(sizes: Sequence[int]) -> list[int]:
    order = sorted(range(len(sizes)), key=lambda number: (sizes[number], number))
    ranks = [0] * len(sizes)
    for rank, number in enumerate(order):
        ranks[number] = rank
    return ranks


def _stage(rank: int, count: int) -> str:
    """Return how far a village has got, by its rank in size: small ones are done first."""
    if rank == 0:
        return _OVER
    if rank <= 3:
        return _FINISHED
    if rank <= 11:
        return _HALF
    return _WAITING if rank >= count - 2 else _BEGUN


def _goals(sizes: Sequence[int], stages: Sequence[str], households: int) -> list[int]:
    """Return how many households each real village visits; at most its register but for one."""
    shares = [_SHARES[stage] for stage in stages]
    least = [size * share for size, share in zip(sizes, shares, strict=True)]
    most = [
        size * (share if share == 0 else max(share, _FULL_SHARE))
        for size, share in zip(sizes, shares, strict=True)
    ]
    if households <= sum(least):
        return _shared_out(least, households)
    growth = min(1.0, (households - sum(least)) / (sum(most) - sum(least)))
    grown = [low + (high - low) * growth for low, high in zip(least, most, strict=True)]
    return _shared_out(grown, min(households, int(sum(most))))


def _shared_out(weights: Sequence[float], total: int) -> list[int]:
    """Return whole numbers in the proportion of the weights that add up to `total`."""
    scale = total / sum(weights)
    shares = [int(weight * scale) for weight in weights]
    by_rest = sorted(range(len(weights)), key=lambda n: shares[n] - weights[n] * scale)
    for number in by_rest[: total - sum(shares)]:
        shares[number] += 1
    return shares


def _place(
    random: Random,
    number: int,
    village: tuple[str, str],
    households: int | None,
    persons: int | None,
    stages: Sequence[str],
    goals: Sequence[int],
) -> Place:
    code, name = village
    row, column = divmod(number, 6)
    first_day, last_day = _DAYS[stages[number]]
    return Place(
        code=code,
        name=name,
        township="高川乡",
        households=households,
        persons=persons,
        latitude=_CENTRE[0] + (row - 2.5) * 0.016 + random.uniform(-0.004, 0.004),
        longitude=_CENTRE[1] + (column - 2.5) * 0.02 + random.uniform(-0.005, 0.005),
        goal=goals[number],
        first_day=first_day,
        last_day=last_day,
        worker=number * WORKERS // len(stages),
        clinic_code=f"W{code}",
        has_clinic_position=number % 11 != 5,
    )


def _invented(random: Random, households: int, known: int) -> list[Place]:
    """Return as many synthetic villages as it takes to visit `households` more."""
    places: list[Place] = []
    while households > 0:
        number = len(places)
        town, village = divmod(number, VILLAGES_A_TOWNSHIP)
        share, stage = _INVENTED_STAGES[number % len(_INVENTED_STAGES)]
        size = round(_INVENTED_HOUSEHOLDS * random.uniform(0.8, 1.2))
        goal = min(households, round(size * share))
        first_day, last_day = _DAYS[stage]
        places.append(
            Place(
                code=f"{INVENTED_COUNTY}{200 + town}{201 + village}",
                name=f"示范{town + 1}乡{village + 1}村村民委员会",
                township=f"示范{town + 1}乡",
                households=size,
                persons=round(size * PERSONS / HOUSEHOLDS),
                latitude=37.0 + (town // 10) * 0.1 + (village // 4) * 0.02,
                longitude=115.0 + (town % 10) * 0.12 + (village % 4) * 0.025,
                goal=goal,
                first_day=first_day,
                last_day=last_day,
                worker=WORKERS + number // VILLAGES_A_WORKER,
                clinic_code=f"W{INVENTED_COUNTY}{200 + town}{201 + village}",
                has_clinic_position=(known + number) % 11 != 5,
            )
        )
        households -= goal
    return places


def _with_faults(places: tuple[Place, ...], ranks: Sequence[int]) -> Plan:
    at = {rank: places[number] for number, rank in enumerate(ranks)}
    sick, faults, other = (at[rank] for rank in (MANY_SICK_RANK, FAULTS_RANK, OTHER_FAULTS_RANK))
    visits: dict[int, int] = {}
    for place in places:
        if place.worker < WORKERS:
            visits[place.worker] = visits.get(place.worker, 0) + place.goal
    taken = {place.worker for place in (sick, faults, other)}
    free = sorted((goal, worker) for worker, goal in visits.items() if goal and worker not in taken)
    return Plan(places, sick, faults, other, short_worker=free[0][1], round_worker=free[-1][1])


def _divisions(place: Place) -> tuple[str, str, str, str]:
    if not place.code.startswith(INVENTED_COUNTY):
        return place.code[:9], place.township, place.code[:6], "沧县"
    return place.code[:9], place.township, INVENTED_COUNTY, "示范县"


def _csv(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([heading, *rows])
    return written.getvalue().encode()
