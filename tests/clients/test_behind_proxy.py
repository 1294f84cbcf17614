"""A phone behind a real reverse proxy: by token and by Digest, over http and https, at a prefix.

The client is that of the standard library: its Digest (RFC 7616) was not written by us.
"""

from __future__ import annotations

import hashlib
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest
from lxml import etree

from server.survey.phones import NewPhone
from server.survey.site import Site
from tests import live, phone_site, reverse_proxy

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"


@dataclass(frozen=True)
class Front:
    """A way to the site through the proxy: its address and the certificate it shows."""

    address: str
    certificate: Path | None


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("proxied") / "site"
    database = f"sqlite:///{folder / 'doorstep.db'}"
    opened = phone_site.open_phone_site(folder, database, phone_site.PLAIN, phone_site.ROSTER)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def upstream(site: Site) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOORSTEP_BEHIND_PROXIES", "1")
        patch.setenv("DOORSTEP_PROXY_ADDRESSES", "127.0.0.0/8")
        with live.serving(site.settings) as address:
            yield address


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reverse_proxy.make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(
    scope="module",
    params=[
        ("http", "127.0.0.1", "", True),
        ("http", "localhost", "/survey", True),
        ("https", "localhost", "/health/survey", True),
        ("https", "127.0.0.1", "/survey", False),
    ],
    ids=lambda told: f"{told[0]} {told[1]}{told[2]} {'cut' if told[3] else 'whole'}",
)
def front(request: pytest.FixtureRequest, upstream: str, certificate: Path) -> Iterator[Front]:
    scheme, host, prefix, strips = request.param
    shown = certificate if scheme == "https" else None
    with reverse_proxy.proxying(upstream, prefix, strips=strips, certificate=shown) as port:
        yield Front(f"{scheme}://{host}:{port}{prefix}", shown)


class Phone:
    """Asks by token, or answers Digest challenges, always as Collect: with deviceID in the query.

    Refuses to go where it did not begin, as a phone sends its credentials to one host alone (D9).
    """

    def __init__(self, front: Front, phone: NewPhone, *, has_token: bool) -> None:
        key = f"key/{phone.token}/" if has_token else ""
        self.start = f"{front.address}/"
        self.project = f"{front.address}/v1/{key}projects/1"
        handlers: list[urllib.request.BaseHandler] = []
        if front.certificate:
            context = ssl.create_default_context(cafile=front.certificate)
            handlers.append(urllib.request.HTTPSHandler(context=context))
        if not has_token:
            known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            known.add_password(None, front.address, phone.digest_name, phone.digest_password)
            handlers.append(urllib.request.HTTPDigestAuthHandler(known))
        self.opener = urllib.request.build_opener(*handlers)

    def ask(self, url: str, body: bytes | None = None, method: str = "") -> tuple[int, bytes]:
        assert url.startswith(self.start), url
        asked = urllib.request.Request(
            url + ("&" if "?" in url else "?") + "deviceID=collect:abc",
            body,
            {"Content-Type": "text/xml"} if body else {},
            method=method or None,
        )
        with self.opener.open(asked, timeout=30) as answer:
            return answer.status, answer.read()


@pytest.fixture(params=[True, False], ids=["token", "digest"])
def phone(request: pytest.FixtureRequest, site: Site, front: Front) -> Phone:
    return Phone(front, phone_site.add_phone(site), has_token=request.param)


def test_a_phone_gets_everything_and_sends_by_the_way_it_came(phone: Phone) -> None:
    """Acceptance 19 and 20: D4, D8, D9, D15, A14. Every address is followed as it is given."""
    _, listed = phone.ask(f"{phone.project}/formList")
    forms = {
        one.findtext(f"{LIST}formID"): one for one in etree.fromstring(listed).iter(f"{LIST}xform")
    }
    for one in forms.values():
        _, xml = phone.ask(one.findtext(f"{LIST}downloadUrl") or "")
        md5 = hashlib.md5(xml, usedforsecurity=False).hexdigest()
        assert one.findtext(f"{LIST}hash") == f"md5:{md5}"
    _, manifest = phone.ask(forms["roster"].findtext(f"{LIST}manifestUrl") or "")
    files = list(etree.fromstring(manifest).iter(f"{MANIFEST}mediaFile"))
    for file in files:
        assert phone.ask(file.findtext(f"{MANIFEST}downloadUrl") or "")[0] == 200
        integrity = file.findtext(f"{MANIFEST}integrityUrl")
        assert integrity is None or phone.ask(integrity)[0] == 200

    may_send, _ = phone.ask(f"{phone.project}/submission", method="HEAD")
    instance = f"uuid:{hash(phone.project) & 0xFFFFFFFF:x}-{id(phone)}"
    sent, _ = phone.ask(f"{phone.project}/submission", phone_site.submission_xml(instance))

    assert ({"plain", "roster"} <= set(forms), len(files)) == (True, 3)
    assert (may_send, sent) == (204, 201)


def test_a_wrong_token_is_refused_and_no_password_asked_for(front: Front, site: Site) -> None:
    """D8."""
    phone = Phone(front, phone_site.add_phone(site), has_token=True)
    with pytest.raises(HTTPError) as refused:
        phone.ask(f"{phone.project.replace('/key/', '/key/x')}/formList")

    refused.value.close()
    assert refused.value.code == 403
    assert refused.value.headers["WWW-Authenticate"] is None


def test_pages_behind_the_proxy_stay_behind_it(front: Front) -> None:
    context = ssl.create_default_context(cafile=front.certificate) if front.certificate else None
    with urllib.request.urlopen(f"{front.address}/", context=context, timeout=30) as page:
        text = page.read().decode()

    prefix = "/" + front.address.partition("://")[2].partition("/")[2]
    start = prefix.rstrip("/") + "/static/"
    assert page.url.startswith(f"{front.address}/sign-in")
    assert f'href="{start}doorstep.' in text


def test_who_comes_past_the_proxy_is_not_believed(site: Site) -> None:
    """D9, D15: what X-Forwarded-* says counts from the proxies' own addresses alone."""
    settings = site.settings.__class__(
        folder=site.settings.folder,
        database=site.settings.database,
        behind_proxies=1,
        proxy_addresses=site.settings.read(
            {"DOORSTEP_PROXY_ADDRESSES": "10.1.2.3, 192.168.7.0/24"}
        ).proxy_addresses,
    )
    client = phone_site.client_of(Site(settings, site.secrets, site.engine, site.writer_engine))
    phone = phone_site.add_phone(site)
    told = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Prefix": "/x"}

    def host_told_to(address: str) -> str:
        answer = client.get(
            phone_site.path(phone, "formList"),
            headers={"Host": "10.0.0.9:8080", **told},
            environ_base={"REMOTE_ADDR": address},
        )
        url = etree.fromstring(answer.data).findtext(f".//{LIST}downloadUrl") or ""
        return url.partition("/v1/")[0]

    assert host_told_to("192.168.8.1") == "http://10.0.0.9:8080"
    assert host_told_to("192.168.7.200") == "http://evil.example/x"
    assert host_told_to("::ffff:10.1.2.3") == "http://evil.example/x"


@pytest.mark.parametrize("prefix", ["//evil.example", "/a b", "survey", "/", '/"x'])
def test_a_prefix_that_would_lead_elsewhere_is_none(site: Site, prefix: str) -> None:
    settings = site.settings.read({"DOORSTEP_BEHIND_PROXIES": "1"}, str(site.settings.folder))
    client = phone_site.client_of(Site(settings, site.secrets, site.engine, site.writer_engine))

    answer = client.get("/", headers={"X-Forwarded-Prefix": prefix})

    assert answer.headers["Location"] == "/sign-in"
