"""What can go wrong, in kinds: a status, a stable code, and words for people.

The words are an English message id with `%(name)s` places; `web/door.py` alone translates
and shows them. Codes are stable and documented in docs/; the words may change.
"""

from __future__ import annotations


class Problem(Exception):
    """Something a person or a phone has to be told."""

    status = 500
    code = "problem"

    def __init__(self, msgid: str, **params: object) -> None:
        """Keep the message id and what fills its places."""
        super().__init__(msgid % params if params else msgid)
        self.msgid = msgid
        self.params = params


class Unreadable(Problem):
    """What was sent cannot be read, so it cannot be kept."""

    status = 400
    code = "unreadable"


class SignInNeeded(Problem):
    """Nobody has signed in, or the sign-in failed."""

    status = 401
    code = "sign_in_needed"


class NotAllowed(Problem):
    """The one who asks has no right to this."""

    status = 403
    code = "not_allowed"


class Missing(Problem):
    """There is no such thing, or not for the one who asks."""

    status = 404
    code = "missing"


class AlreadyKept(Problem):
    """The instance id is kept already, with other answers."""

    status = 409
    code = "already_kept"


class FormClosed(Problem):
    """The form takes no more answers."""

    status = 409
    code = "form_closed"


class Conflict(Problem):
    """The request does not fit the state of things, as somebody was faster or a rule forbids it."""

    status = 409
    code = "conflict"


class TooLarge(Problem):
    """More bytes than the site takes at once."""

    status = 413
    code = "too_large"


class NotValid(Problem):
    """A form on a page was filled in wrongly. `field` names the input that must change."""

    status = 422
    code = "not_valid"

    def __init__(self, msgid: str, field: str = "", **params: object) -> None:
        """Keep the message and the input it belongs to."""
        super().__init__(msgid, **params)
        self.field = field


class Busy(Problem):
    """The site cannot take this now; the same request later will do."""

    status = 503
    code = "busy"


class StoreFull(Problem):
    """The disk is full: nothing of the request was kept."""

    status = 507
    code = "store_full"
