"""Puts the house together: opens the site, sets the door in front, registers the rooms' pages."""

from __future__ import annotations

import mimetypes
from datetime import timedelta

from flask import Flask

from server.config import Settings
from server.survey.site import Site, open_site
from server.web import (
    access_log,
    accounts,
    alerts,
    assets,
    assignments,
    back_checks,
    base_maps,
    boundaries,
    catalogue,
    charts,
    check_settings,
    clinics,
    coverage,
    decryption,
    door,
    duplicates,
    encryption,
    entities,
    entity_decisions,
    entity_imports,
    entity_properties,
    form_drafts,
    form_files,
    form_versions,
    forms,
    headers,
    health,
    journal,
    language,
    map_layers,
    map_lists,
    map_page,
    merges,
    more,
    moving,
    offline,
    parked,
    people,
    phone_sheet,
    phone_view,
    phones,
    proxies,
    record_words,
    refusals,
    registry,
    reviews,
    rounds,
    screening,
    sign_offs,
    signin,
    submissions,
    targets,
    task_page,
    tasks,
    tile_sources,
    today,
    village_words,
    villages,
    walks,
    workers,
    workloads,
)
from server.web.openrosa import base_maps as phone_base_maps
from server.web.openrosa import drafts as phone_drafts
from server.web.openrosa import forms as phone_forms
from server.web.openrosa import submission as phone_submission
from server.web.pictures import showing
from server.web.uploads import PageRequest

# A working day: who signs in in the morning is not asked again before the evening.
SIGNED_IN_FOR = timedelta(hours=12)
PAGES = (
    assets.pages,
    health.pages,
    signin.pages,
    more.pages,
    accounts.pages,
    journal.pages,
    forms.pages,
    form_drafts.pages,
    form_files.pages,
    form_versions.pages,
    villages.pages,
    map_page.pages,
    tile_sources.pages,
    map_layers.pages,
    map_lists.pages,
    walks.pages,
    coverage.pages,
    today.pages,
    charts.pages,
    rounds.pages,
    offline.pages,
    back_checks.pages,
    sign_offs.pages,
    targets.pages,
    workloads.pages,
    tasks.pages,
    task_page.pages,
    alerts.pages,
    workers.pages,
    submissions.pages,
    reviews.pages,
    parked.pages,
    screening.pages,
    people.pages,
    clinics.pages,
    entities.pages,
    entity_decisions.pages,
    phones.pages,
    phone_sheet.pages,
    base_maps.pages,
    phone_base_maps.feed,
    phone_view.pages,
    assignments.pages,
    entity_properties.pages,
    entity_imports.pages,
    phone_forms.feed,
    phone_submission.feed,
    phone_drafts.feed,
    registry.pages,
    boundaries.pages,
    moving.pages,
    catalogue.pages,
    check_settings.pages,
    encryption.pages,
    decryption.pages,
    duplicates.pages,
    merges.pages,
)


def create_app(settings: Settings) -> Flask:
    """Open the site of `settings` and return its application."""
    return make_app(open_site(settings))


def make_app(site: Site) -> Flask:
    """Return the application of an open site."""
    settings = site.settings
    app = Flask("server", static_folder=None)
    app.request_class = PageRequest
    app.secret_key = site.secrets.cookies
    app.config.update(
        SESSION_COOKIE_NAME="doorstep",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=SIGNED_IN_FOR,
        MAX_CONTENT_LENGTH=settings.body_limit_bytes,
        # A phone sends up to 100 files, the answers and a flag in one POST (openrosa: J5).
        MAX_FORM_PARTS=1000,
        TRAP_HTTP_EXCEPTIONS=False,
    )
    # Fixed by us: what a file is called must not depend on the machine's own tables.
    mimetypes.add_type("text/javascript", ".js")
    mimetypes.add_type("application/geo+json", ".geojson")
    language.set_up(app, settings.language, settings.zone)
    door.set_up(app, site)
    headers.set_up(app)
    access_log.set_up(app, settings.folder / "logs", settings.access_log_days)
    refusals.set_up(app)
    assets.set_up(app)
    more.set_up(app)
    village_words.set_up(app)
    record_words.set_up(app)
    showing.set_up(app)
    for pages in PAGES:
        app.register_blueprint(pages)
    if settings.behind_proxies:
        app.wsgi_app = proxies.believing(  # type: ignore[assignment,method-assign]
            app.wsgi_app, settings.behind_proxies, settings.proxy_addresses
        )
    return app
