"""The door: who is asking, what they may do, one session a request, one way to say no.

Every route carries one guard: `allow(Right…)`, `signed_in`, `public`, or `guarded_by(check)` for
what is not a page. A route without one is never reached. Rights are enforced here alone;
routes take `account().scope` along into their queries.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlencode

from flask import Flask, current_app, g, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.orm import Session

from server.database import writing_session
from server.errors import Conflict, NotAllowed, NotValid, SignInNeeded, Unreadable
from server.survey import accounts
from server.survey import journal as journal_book
from server.survey.accounts import Right, SignedIn
from server.survey.site import Site
from server.web import language

P = ParamSpec("P")
R = TypeVar("R")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Spreadsheets and forms come through pages; video comes from phones, by another way.
PAGE_BODY_LIMIT_BYTES = 50_000_000
SIGN_IN_BODY_LIMIT_BYTES = 16_000


@dataclass(frozen=True)
class Guard:
    """Who may come in. `check` raises a Problem for the others.

    `is_page`: the one who asks is known by cookie, so that a change needs the page's token.
    """

    check: Callable[[], None]
    is_page: bool
    rights: frozenset[Right] = frozenset()
    body_limit_bytes: int | None = PAGE_BODY_LIMIT_BYTES


def _guarded(view: Callable[P, R], guard: Guard) -> Callable[P, R]:
    @wraps(view)
    def inside_a_transaction(*args: P.args, **kwargs: P.kwargs) -> R:
        # What the route wrote is committed before its answer goes out, and undone when it raises.
        with ExitStack() as work:
            g.work = work
            return view(*args, **kwargs)

    inside_a_transaction.guard = guard  # type: ignore[attr-defined]
    return inside_a_transaction


def allow(
    *rights: Right, body_limit_bytes: int | None = PAGE_BODY_LIMIT_BYTES
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in signed-in accounts that have any one of `rights`; None: a body as long as phones'."""
    if not rights:
        raise ValueError("allow() wants a right; signed_in is for everybody who has an account")

    def check() -> None:
        if not account().may(*rights):
            raise NotAllowed("Your account has no right to this page.")

    guard = Guard(check, is_page=True, rights=frozenset(rights), body_limit_bytes=body_limit_bytes)
    return lambda view: _guarded(view, guard)


def signed_in(view: Callable[P, R]) -> Callable[P, R]:
    """Let in whoever has an account."""
    return _guarded(view, Guard(lambda: cast("None", account()), is_page=True))


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Let in everybody to a page: signing in."""
    return _guarded(
        view, Guard(lambda: None, is_page=True, body_limit_bytes=SIGN_IN_BODY_LIMIT_BYTES)
    )


def unasked(view: Callable[P, R]) -> Callable[P, R]:
    """Let in everybody without asking who it is: static files, the health check."""
    return _guarded(
        view, Guard(lambda: None, is_page=False, body_limit_bytes=SIGN_IN_BODY_LIMIT_BYTES)
    )


def guarded_by(check: Callable[[], None]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let in whoever passes `check`, which raises a Problem: phones by token or Digest.

    No cookie is looked at and no page token asked for; the body may be as long as the site takes.
    """
    return lambda view: _guarded(view, Guard(check, is_page=False, body_limit_bytes=None))


def guard_of(endpoint: str | None) -> Guard | None:
    """Return the guard of an endpoint; None when there is none, and then nobody comes in."""
    view = current_app.view_functions.get(endpoint or "")
    return getattr(view, "guard", None)


def way(endpoint: str, **values: Any) -> str:
    """Return the address of a page that the reader may open, "" of any other.

    So a figure is a link for those who may see the list behind it, and a plain figure for others.
    """
    guard = guard_of(endpoint)
    if guard is None or (guard.rights and not account().may(*guard.rights)):
        return ""
    return url_for(endpoint, **values)


def site() -> Site:
    """Return the open site."""
    return cast("Site", current_app.extensions["site"])


def reading() -> Session:
    """Return the request's session for reading, which never holds up the writers."""
    if "reading" not in g:
        g.reading = Session(site().engine)
    return cast("Session", g.reading)


def session() -> Session:
    """Return the request's session: reading for GET and HEAD, else writing.

    The writing one waits for its turn and holds it until the route returns: read uploads and do
    slow work before asking for it. Committed when the route returns, undone when it raises.
    """
    if request.method in SAFE_METHODS:
        return reading()
    if "writing" not in g:
        reading().close()  # Who waits for his turn shall not keep a connection from others.
        g.writing = g.work.enter_context(writing_session(site().engine))
    return cast("Session", g.writing)


@contextmanager
def writing() -> Iterator[Session]:
    """Give a short transaction of its own to a request that reads otherwise."""
    if "writing" in g:
        yield g.writing
        return
    with writing_session(site().engine) as short:
        yield short


def database_that_answers() -> str:
    """Return the kind of database, once it has answered a question."""
    reading().execute(text("SELECT 1"))
    return site().engine.dialect.name


def account() -> SignedIn:
    """Return who is asking; raises SignInNeeded when nobody has signed in."""
    known = account_or_none()
    if known is None:
        raise SignInNeeded("Sign in first.")
    return known


def account_or_none() -> SignedIn | None:
    """Return who is asking, None when nobody has signed in."""
    if "account" not in g:
        kept = cookie.get("account")
        g.account = None
        if isinstance(kept, list) and len(kept) == 2:
            g.account = accounts.signed_in(reading(), int(kept[0]), int(kept[1]))
    return cast("SignedIn | None", g.account)


@dataclass
class Fault:
    """What a form's input did wrong: empty, and false, when all went well."""

    problem: NotValid | Conflict | None = None

    def __bool__(self) -> bool:
        return self.problem is not None

    @property
    def errors(self) -> dict[str, str]:
        """Words by the input that must change, as `form_errors` and `field` want them."""
        if self.problem is None:
            return {}
        field = getattr(self.problem, "field", "")
        return {field: language.gettext(self.problem.msgid, **self.problem.params)}


@contextmanager
def keeping_input() -> Iterator[Fault]:
    """Catch NotValid and Conflict, undo what was written inside; the route shows its form again.

    with door.keeping_input() as fault:
        accounts.add(door.session(), …)
    if fault:
        return render_template("…", errors=fault.errors, …), 422
    """
    fault = Fault()
    try:
        with session().begin_nested():
            yield fault
    except (NotValid, Conflict) as problem:
        fault.problem = problem


@contextmanager
def catching() -> Iterator[Fault]:
    """Catch NotValid and Conflict as `keeping_input` does, for work that writes nothing."""
    fault = Fault()
    try:
        yield fault
    except (NotValid, Conflict) as problem:
        fault.problem = problem


def let_in(account_id: int, epoch: int) -> None:
    """Sign the browser in. Everything an earlier cookie held is dropped (session fixation)."""
    cookie.clear()
    cookie.permanent = True
    cookie["account"] = [account_id, epoch]
    # Made at once: of two pages that load side by side, each would make its own, and one's forms
    # would be refused.
    cookie["csrf"] = secrets.token_hex(16)
    g.pop("account", None)


def let_out() -> None:
    """Sign the browser out."""
    cookie.clear()
    g.account = None


def journal(action: str, subject: str, **detail: object) -> None:
    """Note who sees, takes or changes what, before it happens: no view without its entry.

    `action` is a short code ("reveal_person"), `subject` names the thing ("batch 4"), `detail`
    holds counts, filters and the reason, never names or answers.
    """
    with writing() if request.method in SAFE_METHODS else _joined() as book:
        _note(book, action, subject, detail)


def journal_at_once(action: str, subject: str, **detail: object) -> None:
    """Note as `journal` does, kept before what follows: for a file that takes long to write.

    Nobody else could write meanwhile, were the turn to write held until the route returns.
    """
    with writing() as book:
        _note(book, action, subject, detail)


def _note(book: Session, action: str, subject: str, detail: dict[str, object]) -> None:
    who = account_or_none()
    journal_book.note(book, who.name if who else "", action, subject, detail, address())


@contextmanager
def _joined() -> Iterator[Session]:
    yield session()


def refusal_headers() -> dict[str, str]:
    """Return headers to go out if this request is refused; a guard puts its challenge here."""
    if "refusal_headers" not in g:
        g.refusal_headers = {}
    return cast("dict[str, str]", g.refusal_headers)


def address() -> str:
    """Return the network address the request came from, as far as trusted proxies tell."""
    return request.remote_addr or ""


def csrf() -> str:
    """Return the page token that every form sends back as `csrf`."""
    if "csrf" not in cookie:
        cookie["csrf"] = secrets.token_hex(16)
    return cast("str", cookie["csrf"])


def local_path(wanted: str | None, otherwise: str) -> str:
    """Return `wanted` when it is a path on this site, so that a link cannot lead elsewhere."""
    if not wanted or not wanted.startswith("/") or wanted[1:2] in ("/", "\\"):
        return otherwise
    return wanted if wanted.isprintable() else otherwise


def this_address(**changes: str | None) -> str:
    """Return this page's address with parts of its query changed, or taken away by None."""
    kept = [(key, value) for key, value in request.args.items(multi=True) if key not in changes]
    asked = urlencode([*kept, *((key, value) for key, value in changes.items() if value)])
    return request.script_root + request.path + (f"?{asked}" if asked else "")


def _come_in() -> ResponseReturnValue | None:
    """Before every request: find its guard, ask it, and check the page token of a change."""
    if request.url_rule is None:
        _speak()
        return None  # Answered 404 or 405 by routing.
    guard = guard_of(request.endpoint)
    if guard is None:
        raise NotAllowed("Your account has no right to this page.")
    # Limits come first: whoever has no right must not make the server read a long body.
    request.max_content_length = guard.body_limit_bytes or site().settings.body_limit_bytes
    if guard.is_page:
        _speak()
        _refuse_nul()
    guard.check()
    if guard.is_page and request.method not in SAFE_METHODS:
        reading().close()  # A long body over a bad link shall not keep a connection from others.
        _check_token()
    return _switch_language() if guard.is_page else None


def _speak() -> None:
    who = account_or_none()
    language.choose(who.language if who else None)


def _refuse_nul() -> None:
    """Refuse a NUL in an address: PostgreSQL cannot hold one, and no page has one."""
    if "\0" in request.path or "%00" in request.query_string.decode("latin-1"):
        raise Unreadable("This address cannot be read.")


def _check_token() -> None:
    sent = request.form.get("csrf", "") or request.headers.get("X-CSRF-Token", "")
    kept = cookie.get("csrf", "")
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        raise Unreadable("This page was open too long. Go back, load it again, and repeat.")


def _switch_language() -> ResponseReturnValue | None:
    """Answer `?lang=en` on any page: remember the choice and show the same page without it."""
    wanted = request.args.get("lang")
    if request.method != "GET" or wanted not in language.LANGUAGES:
        return None
    who = account_or_none()
    if who is not None and who.language != wanted:
        with writing() as short:
            accounts.choose_language(short, who.id, wanted)
    answer = redirect(this_address(lang=None))
    answer.set_cookie(
        language.COOKIE,
        wanted,
        max_age=language.COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
        path=request.script_root or "/",
    )
    return answer


def _leave(_: BaseException | None) -> None:
    """After the answer, streamed ones included, has gone out."""
    kept: Session | None = g.pop("reading", None)
    if kept is not None:
        kept.close()


def set_up(app: Flask, opened: Site) -> None:
    """Put the door in front of `app`."""
    app.extensions["site"] = opened
    app.before_request(_come_in)
    app.teardown_appcontext(_leave)
    app.jinja_env.globals.update(csrf=csrf, way=way)
