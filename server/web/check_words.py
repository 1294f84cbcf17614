"""How a run of the checks is told: how far it is, how it ended, and what its thresholds are."""

from __future__ import annotations

from server.survey.quality.on_demand import Run
from server.web import language
from server.web.language import _, ngettext

STEP_WORDS = {
    "records": "Records",
    "villages": "Villages",
    "neighbours": "Neighbouring villages",
    "registers": "Registers",
    "workers": "Workers",
    "back_checks": "Back-checks",
    "duplicates": "Duplicates",
    "families": "Two families under one number",
}

# Badge and words of what a check makes of a worker.
VERDICT_WORDS = {
    "flag": ("watch", "Worth a talk"),
    "watch": ("todo", "Worth a look"),
    "usual": ("fine", "As usual"),
    "too_few": ("off", "Too few to judge"),
}


def words(run: Run) -> str:
    """Return in one sentence how a run stands or ended."""
    if run.state == "never":
        return _("Nothing has been checked yet: that happens every hour, or when you ask for it.")
    if run.is_running and not run.step:
        return _("The checks are starting.")
    if run.is_running:
        return _(
            "The checks are running, step %(number)s of %(steps)s: %(step)s",
            number=run.number,
            steps=run.steps,
            step=_step(run.step),
        )
    if run.state == "broken":
        return _("The last run of the checks broke off; the next hour brings another.")
    if run.state == "failed":
        fault = _(", ").join(map(_step, run.fault.split(", ")))
        return _("One part of the last run failed, and was noted: %(fault)s", fault=fault)
    gone = language.number(run.cleared)
    return ngettext(
        "The last run brought %(n)s new line and took away %(gone)s.",
        "The last run brought %(n)s new lines and took away %(gone)s.",
        run.raised,
        gone=gone,
    )


def _step(name: str) -> str:
    return _(STEP_WORDS[name]) if name in STEP_WORDS else name
