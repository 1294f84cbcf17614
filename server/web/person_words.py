"""What states of persons, households and findings are called, and how their badges look."""

from __future__ import annotations

OUTCOME_WORDS = {
    "completed": ("fine", "Completed"),
    "refused": ("watch", "Refused"),
    "absent_final": ("off", "Absent three times"),
    "vacated": ("off", "Vacated"),
    "open": ("todo", "Not finished"),
}
SCREENING_WORDS = {
    "done": ("fine", "Screened"),
    "absent": ("todo", "Absent"),
    "refused": ("watch", "Refused"),
    "dead": ("off", "Died"),
    "moved": ("off", "Moved away"),
    "": ("todo", "Not screened yet"),
}
CASE_WORDS = {"suspected": ("watch", "Suspected"), "documented": ("todo", "Documented")}
KIND_WORDS = {
    "poor": "Registered poor",
    "lifted": "Lifted out of poverty",
    "new": "Newly identified",
    "returned": "Returned to poverty",
    "marginal": "Marginal household",
    "ordinary": "Ordinary household",
}
