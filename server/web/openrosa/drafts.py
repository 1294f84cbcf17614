"""A draft as phones try it: addresses of its own, opened by the draft's token alone.

A token of no draft, or of one that is gone, is answered 404 with words for the tester (openrosa
G8), never with an empty list: a phone would take its form for deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import quote

from flask import Blueprint, Response, g, request

from forms import openrosa
from server.errors import Unreadable
from server.survey import draft_deliveries, draft_submissions, drafts, entity_lists, files
from server.survey.draft_submissions import TrialUpload
from server.survey.drafts import Draft
from server.web import door, language
from server.web.language import gettext
from server.web.openrosa import answers, multipart, submission

P = ParamSpec("P")
R = TypeVar("R")
START = "/v1/test/<token>/projects/<int:project_id>/forms/<path:form_id>/draft"

feed = Blueprint("phone_drafts", __name__)
feed.after_request(submission.hear_out)


@feed.url_value_preprocessor
def _take_token(_: str | None, values: dict[str, Any] | None) -> None:
    taken = values or {}
    g.draft_asked = (taken.pop("token", ""), taken.pop("project_id", 0), taken.pop("form_id", ""))


def _check() -> None:
    if "\0" in request.path or b"%00" in request.query_string:
        raise Unreadable("The address is damaged.")
    language.choose(None)
    g.draft = drafts.by_token(door.reading(), *g.draft_asked)


def _route(
    path: str, methods: Sequence[str] = ("GET",)
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Open a route of a draft to whoever has its token. No address is ever redirected."""

    def add(view: Callable[P, R]) -> Callable[P, R]:
        guarded = door.guarded_by(_check)(view)
        feed.add_url_rule(
            f"{START}{path}",
            view_func=cast("Callable[..., Any]", guarded),
            methods=[*methods],
            merge_slashes=False,
            strict_slashes=True,
        )
        return guarded

    return add


@_route("/formList")
def form_list() -> Response:
    """List the draft, and nothing else."""
    draft = _draft()
    wanted = request.args.get("formID")
    has_files = bool(draft_deliveries.beside(door.reading(), draft))
    line = openrosa.ListedForm(
        form_id=draft.form_id,
        name=draft.form.title,
        version=draft.form.version,
        md5=draft.form.md5,
        download_url=f"{_address()}.xml",
        manifest_url=f"{_address()}/manifest" if has_files else None,
    )
    return answers.xml(openrosa.form_list([line] if wanted in (None, draft.form_id) else []))


@_route(".xml")
def form_xml() -> Response:
    """Send the draft's XForm."""
    form = _draft().form
    return answers.unless_known(form.md5, lambda: answers.xml(form.xml))


@_route("/manifest")
def manifest() -> Response:
    """List what lies beside the draft; lists are those of the villages chosen for testers."""
    found = draft_deliveries.beside(door.reading(), _draft())
    return answers.xml(
        openrosa.manifest(answers.file_line(_address(), _address(), one) for one in found)
    )


@_route("/attachments/<name>")
def attachment(name: str) -> Response:
    """Send what lies beside the draft."""
    session, draft = door.reading(), _draft()
    found = draft_deliveries.find(session, draft, name)
    return answers.delivery(found, draft_deliveries.villages(session, draft, found))


@_route("/datasets/<list_name>/integrity")
def integrity(list_name: str) -> Response:
    """Say which of the entities a tester's phone names it shall forget."""
    ids = [one for one in request.args.get("id", "").split(",") if one]
    connection = door.reading().connection()
    told = entity_lists.integrity(connection, list_name, ids, _draft().villages)
    return answers.xml(openrosa.integrity(told))


@_route("/submission", methods=("HEAD",))
def ask() -> Response:
    """Say that this is the place to send to, and how much at once."""
    return Response(status=204, headers=_headers())


@_route("/submission", methods=("POST",))
def send() -> Response:
    """Keep answers to the draft; they count nowhere and are thrown away with it."""
    received_at = datetime.now(UTC)
    with files.arrivals(door.site().settings.files) as arriving:
        xml = multipart.read_upload(request, arriving)
        kept = arriving.keep()
        device_id = request.args.get("deviceID", "")[: submission.LONGEST_DEVICE_ID]
        session = door.session()
        # Found once more within the turn to write: it may have been published meanwhile.
        draft = drafts.by_token(session, *g.draft_asked)
        is_new = draft_submissions.receive(
            session, draft, TrialUpload(xml, kept, device_id, received_at)
        )
    words = "Received, to try the draft." if is_new else submission.AGAIN
    return Response(openrosa.answer(gettext(words)), 201, _headers())


def _draft() -> Draft:
    return cast("Draft", g.draft)


def _address() -> str:
    """Return the draft's address as this phone used it."""
    token, project_id, form_id = g.draft_asked
    place = f"projects/{project_id}/forms/{quote(form_id, safe='')}/draft"
    return f"{request.url_root}v1/test/{token}/{place}"


def _headers() -> dict[str, str]:
    return openrosa.headers(language.language(), door.site().settings.submission_limit_bytes)
