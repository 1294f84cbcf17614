"""Whether a village's rate is unusual: held against exact arithmetic and published examples."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from maps.rates import Limits, Reference, discovery_rates, of_all, reference_of, verdicts

ORACLES = Path(__file__).parents[2] / "samples" / "oracles"


def oracle(name: str) -> list[dict[str, float]]:
    with (ORACLES / f"{name}.csv").open(encoding="utf-8") as opened:
        return [{key: float(text) for key, text in row.items()} for row in csv.DictReader(opened)]


@pytest.mark.parametrize("row", oracle("funnel_binomial_exact"))
def test_limits_of_a_funnel_are_exact(row: dict[str, float]) -> None:
    limit = Reference(row["theta"]).limit(int(row["n"]), row["tail_p"])

    assert limit == pytest.approx(row["interpolated_limit"], abs=1e-8)


def test_benjamini_and_hochbergs_own_example_rejects_four() -> None:
    rows = oracle("bh1995_pvalues")
    ps = [row["p_value"] for row in rows]

    qs = discovery_rates(np.array(ps))

    assert [int(q <= 0.05) for q in qs] == [row["rejected_bh_q05"] for row in rows]
    assert [int(p <= 0.05 / len(ps)) for p in ps] == [row["rejected_bonferroni_05"] for row in rows]
    assert qs == pytest.approx(stats.false_discovery_control(ps), rel=1e-12)


def test_a_village_with_four_times_the_cases_stands_out_and_its_like_do_not() -> None:
    told = verdicts([26, *[6, 7, 5, 8, 6, 7] * 6], [80] * 37)

    assert told[0].verdict == "unusual"
    assert {one.verdict for one in told[1:]} == {"usual"}


def test_none_of_twenty_is_too_few_to_judge_and_none_of_five_hundred_is_not() -> None:
    told = verdicts([0, 0, *[8] * 40], [20, 500, *[100] * 40])

    assert told[0].verdict == "too_few"
    assert told[1].verdict == "unusual"


def test_each_limit_changes_what_is_said() -> None:
    events, tried = [26, 1, *[6, 7, 5, 8, 6, 7] * 6], [80, 9, *[80] * 36]

    def said(limits: Limits) -> str:
        return verdicts(events, tried, limits)[0].verdict

    assert said(Limits()) == "unusual"
    assert said(Limits(q=1e-12)) == "watch"
    assert said(Limits(q=1e-12, watch_q=1e-12)) != "watch"
    assert said(Limits(smallest_ratio=4.5)) == "usual"
    assert said(Limits(fewest=100)) == "too_few"
    # What is not set aside counts among what is usual, and hides itself.
    assert reference_of(np.array(events), np.array(tried), 0.0).alpha is not None
    assert reference_of(np.array(events), np.array(tried), 0.02).alpha is None
    assert verdicts(events, tried)[1].verdict == "too_few"


def test_villages_that_differ_for_real_are_allowed_to() -> None:
    chance = np.random.default_rng(11)
    shares = chance.beta(8, 92, 300)
    tried = chance.integers(15, 251, 300)
    events = chance.binomial(tried, shares)

    reference = reference_of(events, tried)
    told = verdicts(events.tolist(), tried.tolist())

    assert reference.alpha is not None
    assert sum(one.verdict == "unusual" for one in told) <= 2


def test_where_nobody_was_asked_nothing_is_said() -> None:
    assert [one.verdict for one in verdicts([0, 0], [0, 0])] == ["too_few", "too_few"]
    with pytest.raises(ValueError, match="nobody"):
        reference_of(np.array([0]), np.array([0]))


counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(counts, min_size=1, max_size=60))
def test_the_verdicts_do_not_depend_on_the_order_of_the_villages(
    several: list[tuple[int, int]],
) -> None:
    told = verdicts([events for events, _ in several], [tried for _, tried in several])
    several.reverse()
    backwards = verdicts([events for events, _ in several], [tried for _, tried in several])

    assert [one.verdict for one in told] == [one.verdict for one in reversed(backwards)]
    assert all(0 <= one.p <= 1 and one.p <= one.q + 1e-12 for one in told)


@given(st.integers(1, 300), st.integers(1, 40))
def test_villages_that_are_all_alike_are_never_unusual(tried: int, villages: int) -> None:
    events = tried // 3

    told = verdicts([events] * villages, [tried] * villages)

    assert {one.verdict for one in told} <= {"usual", "too_few"}


def test_the_spread_of_all_villages_is_known_from_those_that_were_not_set_aside() -> None:
    chance = np.random.default_rng(2)
    tried = np.full(2000, 40_000)
    events = chance.binomial(tried, chance.beta(80, 920, len(tried)))

    trimmed = reference_of(events, tried)
    whole = of_all(trimmed)

    assert trimmed.alpha is not None
    assert trimmed.alpha > 90
    assert whole.alpha == pytest.approx(80, rel=0.08)
    assert whole.beta == pytest.approx(920, rel=0.08)
    assert of_all(Reference(0.08)) == Reference(0.08)
