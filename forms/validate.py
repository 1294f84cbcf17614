"""Asks ODK Validate, the check inside ODK's own phone program, about a form. Needs Java."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pyxform
from pyxform.validators.error_cleaner import ErrorCleaner

from forms.faults import Fault

JAR = Path(pyxform.__file__).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"

SAYS = "ODK Validate says: %(words)s"
TOO_SLOW = "ODK Validate did not finish within %(seconds)s seconds."

# It prints these on every form, right or wrong.
_SMALL_TALK = (">> ", "The following files failed", "Result: Invalid")


def java() -> str | None:
    """Return the path of Java, None where there is none."""
    return shutil.which("java")


def validate_with_java(xml: bytes, timeout_s: float = 60.0) -> list[Fault]:
    """Return what ODK Validate has against an XForm: nothing for a valid one.

    Takes seconds, so never within a request. Raises FileNotFoundError without Java.
    """
    program = java()
    if program is None:
        raise FileNotFoundError("java")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xml"
        path.write_bytes(xml)
        command = [program, "-Djava.awt.headless=true", "-jar", str(JAR), str(path)]
        try:
            done = subprocess.run(  # noqa: S603 - our own command line
                command, capture_output=True, text=True, timeout=timeout_s, check=False
            )
        except subprocess.TimeoutExpired:
            return [Fault(TOO_SLOW, {"seconds": f"{timeout_s:.0f}"})]
        if done.returncode == 0:
            return []
        words = ErrorCleaner.odk_validate(done.stderr.replace(str(path), "form.xml"))
    lines = [line.strip(": \t") for line in words.splitlines() if line.strip(": \t")]
    told = [line for line in lines if not line.startswith(_SMALL_TALK) and line != path.name]
    return [Fault(SAYS, {"words": line}) for line in told or lines]
