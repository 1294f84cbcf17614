"""What the thresholds of the checks are called: by their full name, else by the part after it."""

from __future__ import annotations

from server.survey.quality import thresholds
from server.web import language
from server.web.language import _

FULL_LABELS = {
    "rate.trimmed": "Share of villages set aside at each end, before what is usual is worked out",
    "cluster.fewest_cases": "Fewest cases in a group",
    "over_register.share": "Done, at more than so many times the register",
    "over_register.fewest_more": "And at least so many households more",
    "same_answers.share": "Same answers, as a share of all that compare",
    "same_answers.top": "Of the most alike, this share",
    "back_check.share": "Answers that differ, as a share",
    "back_check.least": "Fewest answers compared",
    "unanswered.floor": "At least this share unanswered",
    "unanswered.fewest_asked": "Fewest questions asked",
    "duration.floor": "Shorter than this part of the middle duration",
    "speed.ratio": "Less than this part of the colleagues’ time",
}
PART_LABELS = {
    "due_days": "Days until somebody should have looked",
    "q": "False alarms allowed, as a share of what is shown",
    "watch_q": "The same, for what is only watched",
    "p": "Less likely by chance than",
    "smallest_ratio": "At least so many times the usual",
    "smallest_share": "And at least this share of all",
    "smallest_difference": "Difference from colleagues, in spreads",
    "fewest": "Fewest observations",
    "fewest_cases": "Fewest cases in all",
    "fewest_workers": "Fewest workers",
    "fewest_answers": "Fewest answers that compare",
    "fewest_records": "Fewest records of a worker",
    "largest": "Largest group, as a share of all people",
    "replications": "Random repetitions",
    "v": "How uneven (Cramér’s V), at least",
    "icc": "How much goes by worker (ICC), at least",
    "z": "Distance from the middle (modified z), at least",
    "fence": "Distance from the quarters, in quartile ranges, at least",
    "shortest_s": "Shorter than, in seconds",
    "first_hour": "Earliest hour of a visit",
    "last_hour": "Latest hour of a visit",
    "jump_minutes": "Clock jumps of more than, in minutes",
    "farthest_m": "Farther from the village than, in metres",
    "outside_m": "Outside the border of the village by more than, in metres",
    "within_m": "Within, in metres",
    "households": "At least so many households",
    "minutes": "And spread over at least, in minutes",
    "times": "At least so many times",
}


def name(threshold: str) -> str:
    """Return what a threshold is called; a part nobody named is shown as it is."""
    part = threshold.partition(".")[2]
    if threshold in FULL_LABELS:
        return _(FULL_LABELS[threshold])
    return _(PART_LABELS[part]) if part in PART_LABELS else part.replace("_", " ")


def number(value: float) -> str:
    """Write a threshold: as many decimals as it has, up to six."""
    text = f"{value:.6f}".rstrip("0")
    decimals = len(text.partition(".")[2])
    return language.number(value, decimals)


def hint(threshold: str) -> str:
    """Return the default of a threshold, and between what it may be chosen."""
    limits = thresholds.DEFAULTS[threshold]
    return _(
        "Usually %(default)s; from %(lowest)s to %(highest)s.",
        default=number(limits.default),
        lowest=number(limits.lowest),
        highest=number(limits.highest),
    )
