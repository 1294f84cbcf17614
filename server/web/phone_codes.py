"""What pages with phones' codes share: the site's address for phones, the picture, the steps."""

from __future__ import annotations

import ipaddress

import segno
from flask import request

from server.survey import addresses, phone_codes
from server.survey.phone_codes import PhoneCode
from server.survey.phones import NewPhone
from server.web import door, language
from server.web.language import _

# How a worker gets going, read out or printed: message ids, shown in every language of the site.
STEP_WORDS = (
    "Install ODK Collect or KoboCollect on the phone, and open it.",
    "Tap “Configure with QR code” and hold the camera over this code. In a Collect that has a "
    "project already: tap the round icon at the top, then “Add project”.",
    "Wait until “Start new form” lists the forms. Without a signal they come later.",
    "Finished forms are sent by themselves as soon as there is a signal.",
)
PRESET_WORDS = {
    "locked": "Locked for work at doors",
    "free": "Open: the worker may change them",
}


def site_url() -> str:
    """Return where phones find the site: as the reader did, unless only his own machine can."""
    host = request.host.partition(":")[0]
    try:
        is_own_machine = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own_machine = host == "localhost"
    if is_own_machine:
        return addresses.main_address(door.site().settings)
    return request.url_root.rstrip("/")


def code_of(made: NewPhone, address: str) -> PhoneCode:
    """Return the code of a phone's new way in."""
    return phone_codes.make_code(
        address,
        made.token,
        made.project_id,
        worker=made.name,
        project_name=_("Door-to-door survey"),
        is_locked=made.is_locked,
    )


def picture_of(text: str) -> str:
    """Return a QR code as an address of data, for an image of its own.

    Inside the page its styles for drawings would thicken the lines.
    """
    drawn: str = segno.make(text, error="l", micro=False).svg_data_uri(scale=4, border=4)
    return drawn


def languages() -> list[str]:
    """Return the languages to print steps in, the reader's first."""
    own = language.language()
    return [own, *(one for one in language.LANGUAGES if one != own)]


def steps() -> dict[str, list[str]]:
    """Return the steps of a worker in every language, the reader's first."""
    return {one: [language.words(one).text(step) for step in STEP_WORDS] for one in languages()}
