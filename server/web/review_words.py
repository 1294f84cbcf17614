"""Words and looks of reviews and corrections, for the pages that show them."""

from __future__ import annotations

REVIEW_WORDS = {
    "received": "not reviewed",
    "edited": "edited since",
    "has_issues": "has issues",
    "rejected": "rejected",
    "approved": "approved",
}
REVIEW_BADGES = {
    "received": "todo",
    "edited": "todo",
    "has_issues": "watch",
    "rejected": "off",
    "approved": "fine",
}
CORRECTION_WORDS = {"waiting": "waiting", "done": "done", "withdrawn": "withdrawn"}
CORRECTION_BADGES = {"waiting": "todo", "done": "fine", "withdrawn": "off"}
