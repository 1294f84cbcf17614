"""The forms that come with doorstep, for clients that try each of them."""

from __future__ import annotations

from pathlib import Path

import forms

LIBRARY = Path(forms.__path__[0]) / "library"
FORM_IDS = (
    "household_roster",
    "disease_screening",
    "chronic_followup",
    "clinic_audit",
    "back_check",
)
