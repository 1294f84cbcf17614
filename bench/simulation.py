"""How often unusual villages are found, and how often one is called so by chance.

Counties of 300 villages with 15 to 250 screened and 8 % found; one village of 80 has several times
the rate of the others. Eight ways to judge are held beside one another: false alarms among the
other villages of a county, and the share of counties in which the planted village is found.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from maps import rates, tails
from maps.rates import Limits, Reference

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]
Way = Callable[[Whole, Whole], NDArray[np.bool_]]

SEED = 20260101
RUNS = 400
VILLAGES, FEWEST, MOST, PREVALENCE, PLANTED_SIZE = 300, 15, 250, 0.08, 80
# Most false alarms a county, and the least share of counties in which four times the rate is found.
MOST_FALSE, LEAST_FOUND = 0.5, 0.85


@dataclass(frozen=True, slots=True)
class Score:
    """False alarms a county, and the share of counties in which the planted village was found."""

    false: float
    found: float


def county(chance: np.random.Generator, differences: float, times: float) -> tuple[Whole, Whole]:
    """Return found and screened by village; the first is the planted one.

    `differences` is the coefficient of variation of real rates, `times` the planted one's factor.
    """
    screened = chance.integers(FEWEST, MOST + 1, VILLAGES)
    screened[0] = PLANTED_SIZE
    rate = np.full(VILLAGES, PREVALENCE)
    if differences:
        weight = (1 - PREVALENCE) / (PREVALENCE * differences**2) - 1
        rate = chance.beta(PREVALENCE * weight, (1 - PREVALENCE) * weight, VILLAGES)
    rate[0] = PREVALENCE * times
    return chance.binomial(screened, rate), screened


def score(way: Way, differences: float, times: float, runs: int = RUNS) -> Score:
    """Return how one way does over many counties; the same ones for every way."""
    chance = np.random.default_rng(SEED)
    false = found = 0
    for _ in range(runs):
        told = way(*county(chance, differences, times))
        found += bool(told[0])
        false += int(told[1:].sum())
    return Score(false / runs, found / runs)


def shipped(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    """Judge as doorstep does: beta-binomial, q of 0.05, at least twice or half the usual."""
    told = rates.verdicts(found.tolist(), screened.tolist())
    return np.array([one.verdict == "unusual" for one in told])


def _beta_binomial(q: float) -> Way:
    def judge(found: Whole, screened: Whole) -> NDArray[np.bool_]:
        reference = rates.reference_of(found, screened, Limits().trimmed)
        ps = rates.mid_p(found, screened, reference)
        return np.asarray(rates.discovery_rates(ps) <= q)

    return judge


def _plain(found: Whole, screened: Whole) -> Reference:
    return Reference(float(found.sum() / screened.sum()))


def _binomial(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    ps = rates.mid_p(found, screened, _plain(found, screened))
    return np.asarray(rates.discovery_rates(ps) <= 0.05)


def _limits(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    """Judge by exact limits that 99.8 % of counts lie between."""
    reference = _plain(found, screened)
    outside = []
    for count, of in zip(found.tolist(), screened.tolist(), strict=True):
        told = reference.chances(of)
        low, high = (tails.interpolated(told, tail) for tail in (0.001, 0.999))
        outside.append(count < low or count > high)
    return np.array(outside)


def _z(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    shares = found / screened
    return np.asarray(np.abs(shares - shares.mean()) > 3 * shares.std(ddof=1))


def _fences(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    shares = found / screened
    low, high = np.quantile(shares, [0.25, 0.75])
    width = 1.5 * (high - low)
    return np.asarray((shares < low - width) | (shares > high + width))


def _robust_z(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    apart = found / screened - np.median(found / screened)
    return np.asarray(0.6745 * np.abs(apart) > 3.5 * np.median(np.abs(apart)))


def _arcsine(found: Whole, screened: Whole) -> NDArray[np.bool_]:
    """Judge by arcsines of shares, with the over-dispersion of all but a tenth at each end."""
    common = float(found.sum() / screened.sum())
    apart = np.arcsin(np.sqrt(found / screened)) - math.asin(math.sqrt(common))
    z = 2 * np.sqrt(screened) * apart
    clipped = np.clip(z, *np.quantile(z, [0.1, 0.9]))
    z /= math.sqrt(max(1.0, float((clipped**2).mean())))
    normal = NormalDist()
    ps = np.array([2 * normal.cdf(-abs(one)) for one in z.tolist()])
    return np.asarray(rates.discovery_rates(ps) <= 0.05)


WAYS: dict[str, Way] = {
    "z > 3 on percentages": _z,
    "Tukey 1.5 IQR on percentages": _fences,
    "MAD z > 3.5 on percentages": _robust_z,
    "exact binomial 99.8 % limits": _limits,
    "binomial + BH 0.05": _binomial,
    "arcsine z, over-dispersion, BH 0.05": _arcsine,
    "beta-binomial, trimmed 2 %, BH 0.05": _beta_binomial(0.05),
    "beta-binomial, trimmed 2 %, BH 0.10": _beta_binomial(0.10),
    "as shipped (and twice or half)": shipped,
}
SCENES = {
    "no real differences, 3x": (0.0, 3.0),
    "differences of 30 %, 3x": (0.3, 3.0),
    "differences of 30 %, 4x": (0.3, 4.0),
}


def run(_chosen: argparse.Namespace) -> None:
    """Print the table: false alarms a county / share of counties with the planted one found."""
    print(f"{RUNS} counties of {VILLAGES} villages; false alarms / planted village found")
    print(f"{'':38}" + "".join(f"{scene:>26}" for scene in SCENES))
    for name, way in WAYS.items():
        told = [score(way, *scene) for scene in SCENES.values()]
        cells = (f"{one.false:.2f} / {one.found:.0%}" for one in told)
        print(f"{name:38}" + "".join(f"{cell:>26}" for cell in cells), flush=True)
    last = score(shipped, *SCENES["differences of 30 %, 4x"])
    if last.false > MOST_FALSE or last.found < LEAST_FOUND:
        raise SystemExit("as shipped: more false alarms, or less found, than promised")
