"""Checks on what workers found, left open, skipped or answered alike, and on their forms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from server.survey.quality import worker_blocks
from server.survey.quality.worker_blocks import ABSENT, BY_PHONE, FOUND, REFUSED
from server.survey.quality.worker_counts import Counted, Events
from server.survey.quality.worker_lines import ALIKE, GAPS, SHARE, SKIPPED, STALE, Line, inputs_of
from server.survey.quality.worker_reading_checks import share_lines
from server.survey.quality.worker_shares import Limits, Share, added, stands_apart, step_of

# Of a disease found less often in all nothing can be told of any one worker.
FEWEST_CASES = 20
_GAPS = (worker_blocks.LEFT_OPEN, worker_blocks.NO_FIX, worker_blocks.NO_PHOTO)
_NOT_SHARES = (*_GAPS, worker_blocks.ALIKE, worker_blocks.SKIPPED)


def share(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Persons with a finding, refusals, absences and calls by phone, both ways (W1)."""
    limits = Limits(chosen["share.fewest"], chosen["share.q"], chosen["share.smallest_ratio"])
    for name, by_phone in counted.shares.items():
        if name.split(":")[0] in _NOT_SHARES:
            continue
        strata = _strata(by_phone)
        sums = {phone_id: added(several) for phone_id, several in strata.items()}
        is_plain = name in (FOUND, REFUSED, ABSENT, BY_PHONE)
        if not is_plain and _everybodys(by_phone) < FEWEST_CASES:
            continue
        told = stands_apart(list(strata.values()), limits)
        for (phone_id, whole), found in zip(sums.items(), told, strict=True):
            figures = {
                "events": whole.events,
                "tried": whole.tried,
                "colleague_events": whole.colleague_events,
                "colleague_tried": whole.colleague_tried,
                "expected": found.expected,
                "p": found.p,
                "q": found.q,
            }
            inputs = inputs_of(step_of(whole.tried), whole.events > found.expected)
            yield Line(
                SHARE, name, counted.township[phone_id], phone_id, figures, found.verdict, inputs
            )


def _everybodys(by_phone: Mapping[int, Mapping[str, Events]]) -> int:
    return sum(events for towns in by_phone.values() for events, _ in towns.values())


def _strata(by_phone: Mapping[int, Mapping[str, Events]]) -> dict[int, list[Share]]:
    """Return a share for each township in which a phone worked, in order."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for towns in by_phone.values():
        for town, (events, tried) in towns.items():
            sums[town][0] += events
            sums[town][1] += tried
    return {
        phone_id: [
            Share(events, tried, sums[town][0] - events, sums[town][1] - tried)
            for town, (events, tried) in sorted(towns.items())
        ]
        for phone_id, towns in sorted(by_phone.items())
    }


def gaps(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Questions left open, positions and photos that are missing (W9)."""
    yield from _too_large(counted, chosen, GAPS, _GAPS)


def alike(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Records with one answer throughout a block of questions (W6)."""
    yield from _too_large(counted, chosen, ALIKE, (worker_blocks.ALIKE,))


def skipped(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Sections that were not opened (W7); the indicator is a form and a section."""
    names = [one for one in counted.shares if one.startswith(f"{worker_blocks.SKIPPED}:")]
    yield from _too_large(counted, chosen, SKIPPED, names)


def _too_large(
    counted: Counted, chosen: Mapping[str, float], check: str, names: Iterable[str]
) -> Iterator[Line]:
    told = counted.shares
    for name in names:
        shares = {
            phone_id: added(several) for phone_id, several in _strata(told.get(name, {})).items()
        }
        indicator = name.removeprefix(f"{worker_blocks.SKIPPED}:")
        yield from share_lines(check, indicator, counted.township, shares, chosen, {})


def stale(counted: Counted, chosen: Mapping[str, float]) -> Iterator[Line]:
    """Forms that still come on a version which another replaced more than a day before (W11)."""
    for form_id, by_phone in counted.stale():
        for phone_id, (events, tried) in sorted(by_phone.items()):
            verdict = "flag" if events >= chosen["stale.fewest"] else "usual"
            figures = {"events": events, "tried": tried}
            inputs = inputs_of(step_of(events))
            yield Line(
                STALE, form_id, counted.township[phone_id], phone_id, figures, verdict, inputs
            )
