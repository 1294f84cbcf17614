"""Which reverse proxies are believed: where a request came from, and by which host and path.

Phones are answered with addresses of the host they used, so who may say what host that was
decides where they send their credentials (openrosa: D9).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.middleware.proxy_fix import ProxyFix

from server.config import Network

# What else a prefix may hold would lead elsewhere ("//host") or break a link.
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+\Z")


def believing(
    application: WSGIApplication, hops: int, addresses: Iterable[Network]
) -> WSGIApplication:
    """Let `application` see requests as the outermost of `hops` proxies saw them.

    With `addresses` only connections from there are believed: others came past the proxy, and
    what they say of themselves counts for nothing.
    """
    trusted = tuple(addresses)
    believed = ProxyFix(
        _at_prefix(application), x_for=hops, x_proto=hops, x_host=hops, x_port=hops, x_prefix=hops
    )

    def asked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if trusted and not _is_from(environ.get("REMOTE_ADDR", ""), trusted):
            return application(environ, start_response)
        return believed(environ, start_response)

    return asked


def _is_from(address: str, trusted: tuple[Network, ...]) -> bool:
    try:
        told = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(told, ipaddress.IPv6Address) and told.ipv4_mapped:
        told = told.ipv4_mapped
    return any(told in one for one in trusted)


def _at_prefix(application: WSGIApplication) -> WSGIApplication:
    """Take the proxy's prefix off the path, whether the proxy has done so already or not."""

    def placed(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        prefix = environ.get("SCRIPT_NAME", "").rstrip("/")
        if not _PREFIX.match(prefix):
            prefix = ""
        environ["SCRIPT_NAME"] = prefix
        path = environ.get("PATH_INFO", "")
        if prefix and (path == prefix or path.startswith(prefix + "/")):
            environ["PATH_INFO"] = path.removeprefix(prefix) or "/"
        return application(environ, start_response)

    return placed
