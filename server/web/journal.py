"""The journal page: who saw, took or changed what."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, render_template, request

from server.errors import NotValid
from server.survey import accounts
from server.survey import journal as journal_book
from server.survey.accounts import Right
from server.survey.areas import WHOLE_SITE
from server.survey.journal import JournalFilter
from server.web import door
from server.web.language import _

pages = Blueprint("journal", __name__)

# Message ids of what can be done; an action that is not here is shown by its code.
ACTION_WORDS = {
    "signed_in": "Signed in",
    "sign_in_failed": "Sign-in failed",
    "signed_out": "Signed out",
    "sessions_ended": "Signed out everywhere",
    "password_set": "Set a password",
    "account_added": "Added an account",
    "account_changed": "Changed an account",
    "account_disabled": "Disabled an account",
    "account_enabled": "Enabled an account",
    "link_made": "Made a one-time link",
    "taken_along": "Took figures along",
    "villages_taken": "Took the list of villages",
    "picture_taken": "Took a picture of figures",
    "clinics_taken": "Took the list of clinics",
    "batch_made": "Made a batch",
    "unusual_closed": "Closed an unusual village",
    "worker_check_closed": "Closed a check on a worker",
    "task_closed": "Closed some of what checks noticed",
    "task_assigned": "Gave somebody what checks noticed",
    "task_reopened": "Opened again what checks noticed",
    "tasks_taken": "Took a list of what checks noticed",
    "checks_started": "Started the checks",
    "alert_added": "Added an alert",
    "alert_changed": "Changed an alert",
    "alert_stopped": "Stopped an alert",
    "alert_tried": "Tried an alert",
    "alert_repeated": "Sent a message again",
    "back_checks_drawn": "Drew households to ask again",
    "back_check_given": "Changed who asks a household again",
    "back_check_withdrawn": "Took a household back from asking again",
    "back_checks_taken": "Took the list of back-checks",
    "register_signed": "Signed a township’s register",
    "target_set": "Set days’ targets",
    "plan_set": "Set the plan of a round",
    "check_settings_set": "Set thresholds of the checks",
    "batch_seen": "Looked at a batch",
    "batch_taken": "Took a batch",
    "household_seen": "Looked at a household",
    "person_seen": "Looked at a person",
    "person_revealed": "Saw a person in full",
    "persons_compared": "Looked at two persons side by side",
    "households_compared": "Looked at two households side by side",
    "household_revealed": "Saw a household in full",
    "pair_merged": "Merged two that are one",
    "pair_kept_apart": "Kept two apart that look like one",
    "pair_undone": "Undid a decision about two that look like one",
    "phone_added": "Added a phone",
    "phone_changed": "Changed a phone",
    "phone_assigned": "Gave villages to a phone",
    "property_typed": "Typed a property of a list",
    "list_settled": "Settled who gets a list",
    "household_moved": "Moved a household",
    "entities_imported": "Imported a register into a list",
    "entities_import_undone": "Undid a register’s import",
    "phone_list_seen": "Looked at what a phone gets",
    "phone_list_revealed": "Saw in full what a phone gets",
    "phone_code_made": "Made a phone's code",
    "phone_revoked": "Shut a phone out",
    "base_map_added": "Added a base map",
    "boundaries_imported": "Imported borders of villages",
    "boundaries_undone": "Took borders of villages back",
    "tile_source_added": "Added a source of tiles",
    "tile_source_removed": "Removed a source of tiles",
    "map_layer_taken": "Took a layer of the map",
    "walk_seen": "Looked at the walk of a village",
    "base_map_removed": "Removed a base map",
    "phone_sheet_made": "Made phones' codes to print",
    "submission_reviewed": "Reviewed a submission",
    "submissions_searched": "Searched in answers",
    "submission_sent_back": "Sent a record back",
    "correction_withdrawn": "Withdrew a correction",
    "submission_binned": "Laid a submission in the bin",
    "submission_restored": "Took a submission out of the bin",
    "submission_purged": "Wiped a submission out",
    "version_read_as": "Had a version read as another",
    "entity_seen": "Looked at an entity",
    "entity_revealed": "Saw an entity in full",
    "entity_made": "Made an entity",
    "entity_changed": "Changed an entity",
    "entity_deleted": "Deleted an entity",
    "entity_restored": "Restored an entity",
    "entity_forced": "Applied a change out of order",
    "entity_approved": "Approved an entity",
    "entity_rejected": "Rejected an entity",
    "entity_resolved": "Settled an entity's conflict",
    "entity_reapplied": "Applied a change to an entity again",
    "entity_list_approval": "Changed whether a list needs approval",
    "form_published": "Published a form",
    "form_state": "Opened or closed a form",
    "form_mapping": "Changed a form's mapping",
    "form_encryption": "Switched a form's encryption",
    "form_decrypted": "Took a form's decrypted answers",
    "key_made": "Made an encryption key",
    "key_retired": "Retired an encryption key",
    "key_saved": "Saved an encryption key",
    "key_opened": "Opened a key with its passphrase",
    "key_not_opened": "Typed a wrong passphrase",
    "submission_decrypted": "Read an encrypted submission",
    "form_file": "Uploaded a form's file",
    "form_file_removed": "Took a form's file away",
    "shared_file": "Uploaded a file all forms share",
    "shared_file_removed": "Took a shared file away",
    "draft_kept": "Kept a form as a draft",
    "draft_discarded": "Threw a draft away",
    "draft_villages": "Chose the villages for a draft's testers",
    "draft_revealed": "Saw answers to a draft in full",
    "draft_file_seen": "Looked at a file of answers to a draft",
    "submission_revealed": "Saw a submission in full",
    "submission_downloaded": "Took a submission as sent",
    "submission_file": "Looked at a submission's file",
    "registry_import": "Imported places or registers",
    "registry_undo": "Undid an import",
    "registry_edit": "Changed a village",
    "moved_in": "Moved in from another server",
    "moved_out": "Took everything out",
}


@pages.get("/journal")
@door.allow(Right.SEE_JOURNAL)
def show() -> str:
    """Show a page of the journal, newest first, filtered by who, action and day.

    Who looks after a part of the site sees what the accounts of that part did.
    """
    wanted = JournalFilter(
        who=request.args.get("who", "").strip() or None,
        action=request.args.get("action") or None,
        day=_day(request.args.get("day", "")),
    )
    scope = door.account().scope
    names = [one.name for one in accounts.account_list(door.session(), scope)]
    page = journal_book.read(
        door.session(),
        wanted,
        door.site().settings.zone,
        names=None if scope == WHOLE_SITE else names,
        before=request.args.get("before", type=int),
    )
    actions = [(code, action_words(code)) for code in journal_book.actions(door.session())]
    return render_template(
        "journal.html",
        entries=page.entries,
        wanted=wanted,
        names=names,
        actions=[("", _("All actions")), *actions],
        action_words=action_words,
        newest=door.this_address(before=None) if request.args.get("before") else None,
        older=door.this_address(before=str(page.older)) if page.older else None,
    )


def action_words(code: str) -> str:
    """Return an action in the reader's language."""
    return _(ACTION_WORDS[code]) if code in ACTION_WORDS else code.replace("_", " ")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise NotValid("%(day)s is not a day. Write it as 2026-11-22.", "day", day=text) from None
