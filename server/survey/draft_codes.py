"""What a tester's phone scans: Collect's settings for one draft, as a project of its own."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from forms import openrosa
from server.survey.drafts import Draft

# As ODK Central's drafts: on the phone a tester sees at once which project is for trying.
ICON = "📝"


@dataclass(frozen=True, slots=True)
class DraftCode:
    """A code to scan. `text` is what the QR code holds, `server_url` the address inside it."""

    server_url: str
    text: str


def make_code(site_url: str, draft: Draft) -> DraftCode:
    """Return the code for phones that find the site at `site_url`. Nothing is locked."""
    form_id = quote(draft.form_id, safe="")
    place = f"v1/test/{draft.token}/projects/{draft.project_id}/forms/{form_id}/draft"
    server_url = f"{site_url}/{place}"
    settings = openrosa.collect_settings(server_url, draft.form.title, preset="free")
    settings["project"]["icon"] = ICON
    return DraftCode(server_url, openrosa.collect_qr_text(settings))
