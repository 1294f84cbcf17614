"""The forms a phone is to have: list, XForms, what lies beside them, what it shall forget."""

from __future__ import annotations

from urllib.parse import quote

from flask import Response, request

from forms import openrosa
from server.survey import deliveries, entity_lists, form_versions
from server.survey.entity_columns import list_rules
from server.survey.form_versions import ListedVersion
from server.web import door
from server.web.openrosa import access, answers

feed = access.phone_feed("phone_forms")


@access.route(feed, "formList")
def form_list(project_id: int) -> Response:
    """List the open forms, by title; `formID`, `listAllVersions` and `verbose` as OpenRosa says."""
    access.note_list()
    session = door.reading()
    wanted = request.args.get("formID")
    listed = [
        one
        for one in form_versions.listed_forms(session, project_id)
        if wanted in (None, one.form_id)
    ]
    if _is_asked("listAllVersions"):
        listed = [
            version
            for one in listed
            for version in form_versions.versions(session, project_id, one.form_id)
        ]
    brought = deliveries.uploaded_names(session, project_id)
    columns = entity_lists.list_columns(session.connection(), project_id)
    lines = [_line(one, has_files=deliveries.has_any(one, brought, columns)) for one in listed]
    return answers.xml(openrosa.form_list(lines))


@access.route(feed, "forms/<path:form_id>.xml")
def form_xml(project_id: int, form_id: str) -> Response:
    """Send an XForm, byte for byte as it was published: its MD5 is the hash in the list."""
    session = door.reading()
    version = request.args.get("version")
    found = form_versions.needed_version(session, project_id, form_id, version)
    access.note_form(found.form_id, found.version, found.md5)
    return answers.unless_known(
        found.md5,
        lambda: answers.xml(form_versions.form_xml(session, project_id, form_id, version)),
    )


@access.route(feed, "forms/<path:form_id>/manifest")
def manifest(project_id: int, form_id: str) -> Response:
    """List what lies beside a form, entity lists as this phone is served them."""
    session = door.reading()
    version = form_versions.needed_version(
        session, project_id, form_id, request.args.get("version")
    )
    found = deliveries.beside(session, version, access.villages(), access.phone().id)
    project = access.base_url()
    address = f"{project}/forms/{quote(form_id, safe='')}"
    return answers.xml(openrosa.manifest(answers.file_line(project, address, one) for one in found))


@access.route(feed, "forms/<path:form_id>/attachments/<name>")
def attachment(project_id: int, form_id: str, name: str) -> Response:
    """Send what lies beside a form."""
    session = door.reading()
    villages = access.villages()
    found = deliveries.find(session, project_id, form_id, name, villages, access.phone().id)
    return answers.delivery(found, villages)


@access.route(feed, "datasets/<list_name>/integrity")
def integrity(project_id: int, list_name: str) -> Response:
    """Say which of the entities a phone names it shall forget."""
    ids = [one for one in request.args.get("id", "").split(",") if one]
    connection = door.reading().connection()
    is_own = list_name in list_rules(connection, project_id).owner_only
    owner = access.phone().id if is_own else None
    told = entity_lists.integrity(connection, list_name, ids, access.villages(), owner)
    return answers.xml(openrosa.integrity(told))


def _is_asked(name: str) -> bool:
    return request.args.get(name, "").lower() in ("true", "1", "yes")


def _line(version: ListedVersion, *, has_files: bool) -> openrosa.ListedForm:
    address = f"{access.base_url()}/forms/{quote(version.form_id, safe='')}"
    # An older version is asked for by name; without one the current is meant.
    query = "" if version.is_current else f"?version={quote(version.version, safe='')}"
    return openrosa.ListedForm(
        form_id=version.form_id,
        name=version.title,
        version=version.version,
        md5=version.md5,
        download_url=f"{address}.xml{query}",
        manifest_url=f"{address}/manifest{query}" if has_files else None,
        description=version.title if _is_asked("verbose") else None,
    )
