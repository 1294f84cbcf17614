"""HTTP Digest: nonces, claims, and who is let in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.survey import phones
from server.survey.phones import NewPhone
from server.survey.site import Site
from server.web.openrosa import digest
from tests import phone_site
from tests.phone_site import add_phone

SECRET = b"a secret of the site"
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
FORM_LIST = "/v1/projects/1/formList?deviceID=collect%3Aabc"


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def authorization(
    name: str,
    password: str,
    nonce: str,
    uri: str = FORM_LIST,
    *,
    method: str = "GET",
    count: str = "00000001",
    **changed: str,
) -> str:
    """Return the header a client sends; `changed` replaces or, when empty, leaves out parts."""
    said = {"username": name, "realm": "doorstep", "nonce": nonce, "uri": uri, "qop": "auth"}
    said |= {"nc": count, "cnonce": "f2a7", "algorithm": "MD5", **changed}
    ha1 = md5(f"{name}:doorstep:{password}")
    parts = (ha1, nonce, said["nc"], said["cnonce"], "auth", md5(f"{method}:{uri}"))
    said.setdefault("response", md5(":".join(parts)))
    bare = {"nc", "qop", "algorithm"}
    texts = [f"{k}={v}" if k in bare else f'{k}="{v}"' for k, v in said.items() if v]
    return "Digest " + ", ".join(texts)


def claim(**changed: str) -> digest.Claim:
    found = digest.read_claim(authorization("p1", "secret", "n", **changed))
    assert found is not None
    return found


def test_a_nonce_is_fresh_for_hours_and_then_is_not() -> None:
    nonce = digest.new_nonce(SECRET, NOW)

    assert digest.is_fresh(SECRET, nonce, NOW + timedelta(hours=11, minutes=59))
    assert not digest.is_fresh(SECRET, nonce, NOW + timedelta(hours=12, minutes=1))


def test_two_nonces_of_one_moment_differ() -> None:
    assert digest.new_nonce(SECRET, NOW) != digest.new_nonce(SECRET, NOW)


@pytest.mark.parametrize("nonce", ["", "x", "!!!!", "é", "A" * 43, "A" * 44, "A" * 400])
def test_a_nonce_we_did_not_make_is_not_fresh(nonce: str) -> None:
    assert not digest.is_fresh(SECRET, nonce, NOW)


def test_a_nonce_of_another_site_is_not_fresh() -> None:
    assert not digest.is_fresh(SECRET, digest.new_nonce(b"another", NOW), NOW)


def test_the_example_of_the_standard_checks() -> None:
    # RFC 2617, 3.5: the same algorithm, with another realm.
    told = digest.Claim(
        name="Mufasa",
        nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",
        uri="/dir/index.html",
        count="00000001",
        client_nonce="0a4f113b",
        response="6629fae49393a05397450978507c4ef1",
    )
    ha1 = md5("Mufasa:testrealm@host.com:Circle Of Life")

    assert digest.is_right(told, ha1, "GET")
    assert not digest.is_right(told, ha1, "POST")
    assert not digest.is_right(replace(told, count="00000002"), ha1, "GET")


@pytest.mark.parametrize(
    "changed",
    [
        {"realm": "other"},
        {"qop": "auth-int"},
        {"qop": ""},
        {"algorithm": "SHA-256"},
        {"count": "1"},
        {"count": "0000000g"},
        {"cnonce": ""},
        {"name": "é"},
        {"name": "a\x00b"},
    ],
)
def test_an_answer_that_is_not_whole_or_not_to_us_claims_nothing(changed: dict[str, str]) -> None:
    header = authorization(changed.pop("name", "p1"), "secret", "n", **changed)

    assert digest.read_claim(header) is None


@pytest.mark.parametrize(
    "header", ["", "Digest", "Basic cDE6eA==", "Bearer x", 'Digest "', "x" * 9999]
)
def test_other_headers_claim_nothing(header: str) -> None:
    assert digest.read_claim(header) is None


def test_an_algorithm_may_be_left_out() -> None:
    assert claim(algorithm="").name == "p1"


@pytest.mark.parametrize(
    ("uri", "is_about"),
    [
        ("/v1/projects/1/formList?deviceID=a", True),
        ("/survey/v1/projects/1/formList?deviceID=a", True),
        ("http://host/v1/projects/1/formList?deviceID=a", True),
        ("/v1/projects/%31/formList?deviceID=a", True),
        ("/v1/projects/1/formList", False),
        ("/v1/projects/1/formList?deviceID=b", False),
        ("/v1/projects/1/submission?deviceID=a", False),
        ("", False),
    ],
)
def test_a_claim_is_about_one_address_query_and_all(uri: str, is_about: bool) -> None:
    path = "/v1/projects/1/formList"

    assert digest.is_about(claim(uri=uri), path, "deviceID=a") == is_about


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    opened = phone_site.open_phone_site(tmp_path / "site", database_url, phone_site.PLAIN)
    yield opened
    opened.close()


@pytest.fixture
def client(site: Site) -> FlaskClient:
    return phone_site.client_of(site)


@pytest.fixture
def phone(site: Site) -> NewPhone:
    return add_phone(site)


def ask(client: FlaskClient, header: str, address: str = FORM_LIST) -> TestResponse:
    return client.get(address, headers={"Authorization": header})


def fresh(site: Site, age: timedelta = timedelta()) -> str:
    return digest.new_nonce(site.secrets.nonces, datetime.now(UTC) - age)


def test_the_challenge_is_one_line_as_phones_read_it(client: FlaskClient) -> None:
    answer = client.get(FORM_LIST)

    (line,) = answer.headers.getlist("WWW-Authenticate")
    assert answer.status_code == 401
    assert re.fullmatch(
        r'Digest realm="doorstep", nonce="[\w=-]{40,64}", qop="auth", algorithm=MD5, '
        r'opaque="doorstep", stale=false',
        line,
    )
    assert b"OpenRosaResponse" in answer.data


def test_the_right_password_is_let_in_with_one_nonce_in_any_order(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    nonce = fresh(site)

    answers = [
        ask(client, authorization(phone.digest_name, phone.digest_password, nonce, count=count))
        for count in ("00000001", "00000003", "00000002", "0000000f", "00000002")
    ]

    assert [one.status_code for one in answers] == [200] * 5


def test_addresses_stay_on_the_way_the_phone_came(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    answer = ask(client, authorization(phone.digest_name, phone.digest_password, fresh(site)))

    assert "http://localhost/v1/projects/1/forms/plain.xml<" in answer.text


@pytest.mark.parametrize(
    ("name", "password"), [("", ""), ("nobody", "x"), ("{name}", "wrong"), ("{name}", "")]
)
def test_a_wrong_name_or_password_is_challenged_anew(
    site: Site, client: FlaskClient, phone: NewPhone, name: str, password: str
) -> None:
    header = authorization(name.format(name=phone.digest_name), password, fresh(site))

    answer = ask(client, header)

    assert answer.status_code == 401
    assert "stale=false" in answer.headers["WWW-Authenticate"]


def test_an_old_nonce_with_the_right_password_is_stale(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    old = fresh(site, timedelta(hours=13))

    right = ask(client, authorization(phone.digest_name, phone.digest_password, old))
    wrong = ask(client, authorization(phone.digest_name, "wrong", old))

    assert (right.status_code, wrong.status_code) == (401, 401)
    assert "stale=true" in right.headers["WWW-Authenticate"]
    assert "stale=false" in wrong.headers["WWW-Authenticate"]


def test_a_claim_about_another_address_or_method_does_not_let_in(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    ways = (phone.digest_name, phone.digest_password, fresh(site))
    other = authorization(*ways, uri="/v1/projects/1/submission")
    posted = authorization(*ways, method="POST")

    assert ask(client, other).status_code == 401
    assert ask(client, posted).status_code == 401


def test_a_revoked_phone_is_refused_without_being_asked_again(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    phone_site.revoke(site, phone)

    answer = ask(client, authorization(phone.digest_name, phone.digest_password, fresh(site)))

    assert answer.status_code == 403
    assert "WWW-Authenticate" not in answer.headers


def test_a_phone_of_another_project_is_refused(
    site: Site, client: FlaskClient, phone: NewPhone
) -> None:
    address = FORM_LIST.replace("projects/1", "projects/2")

    header = authorization(phone.digest_name, phone.digest_password, fresh(site), address)

    assert ask(client, header, address).status_code == 403


def test_a_basic_password_lets_nobody_in(client: FlaskClient, phone: NewPhone) -> None:
    answer = client.get(FORM_LIST, auth=(phone.digest_name, phone.digest_password))

    assert answer.status_code == 401


def test_the_hash_for_nobody_looks_like_one_and_is_always_the_same() -> None:
    found = digest.hash_of_nobody(SECRET, "x")

    assert len(bytes.fromhex(found)) == len(bytes.fromhex(phones.digest_hash("x", "y")))
    assert found == digest.hash_of_nobody(SECRET, "x")
