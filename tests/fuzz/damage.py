"""Requests that went wrong on their way or were made to harm: whole ones, with pieces changed."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.collect import multipart
from tests.phone_site import person_xml, submission_xml

EDGE = b"--8f0c4b1e-6e0e-4b8e-9d3c-1c7a5b0f2a11"
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
IN_XML = [
    *(b"<", b">", b"</age>", b"<age>", b"&x;", b"&#0;", b"&#xD800;", b"<![CDATA[", b"]]>"),
    *(b"<!--", b"<?x ?>", b"<!DOCTYPE x>", b"<!ENTITY a 'b'>", b"\xff\xfe", b"\0", b"\xed\xa0\x80"),
    *(b" encrypted='yes'", b" id='persons'", b"<a>" * 101, b"xmlns:x='y'", b"<xi:include/>"),
]
IN_ENTITY = [
    *(b' create="1"', b' update="1"', b' update="true"', b' create="0"', b' id=""'),
    *(b' baseVersion="999999999999999999999"', b' trunkVersion="-1"', b' branchId="x"'),
    *(b' dataset=""', b' dataset="../x"', b' baseVersion="1"', b"<label>", b"<label/>"),
    *(b"uuid:", b"\xf0\x9f\x98\x80", b"'", b"1e9", b'<entity dataset="persons" create="1"/>'),
]
IN_MULTIPART = [
    *(EDGE, EDGE + b"--", EDGE + b"\r\n", b"\r\n\r\n", b"\r\n", b"\r", b"\n", b"--"),
    *(b'Content-Disposition: form-data; name="xml_submission_file"\r\n\r\n', b'; name="a"'),
    *(b'; filename="../../x"', b"; filename*=UTF-8''%00", b'filename=""', b'name="*isIncomplete*"'),
    *(b"Content-Type: multipart/mixed; boundary=x", b"Content-Transfer-Encoding: base64\r\n"),
    *(b"\0", b"\xff", b"A" * 9000, b"Content-Length: -1\r\n"),
]
IN_DIGEST = [
    *('"', "=", ",", "\\", "Digest ", "qop=auth-int", "algorithm=SHA-256", 'username="'),
    *('nonce=""', "nc=00000001", "nc=zzzzzzzz", "uri=http://[::1", "é", "\t", "stale=true"),
    *("username*=UTF-8''%ff", "response=" + "0" * 32, "realm=doorstep", "a" * 5000, "Basic Og=="),
]


def damaged(whole: bytes, pieces: list[bytes], most: int = 4) -> st.SearchStrategy[bytes]:
    """Return `whole` with some pieces cut out, doubled, replaced, put in, or its end missing."""
    change = st.tuples(
        st.integers(0, len(whole)),
        st.integers(0, 60),
        st.one_of(st.just(b""), st.binary(max_size=12), st.sampled_from(pieces)),
    )
    return st.lists(change, min_size=1, max_size=most).map(lambda found: _changed(whole, found))


def _changed(whole: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    changed = bytearray(whole)
    for start, length, piece in changes:
        changed[start : start + length] = piece
    return bytes(changed)


AUDIT_LOG = b"""event,node,start,end,latitude,longitude,accuracy,old-value,new-value
form start,,1763791200000,,,,,,
question,/data/hh/village,1763791201000,1763791205000,31.97,104.33,5,,"a, b"
question,/data/member[2]/pname,1763791205000,1763791215000,31.97,104.33,5,"x ""y"" x",z
form exit,,1763791230000,,,,,,
"""
IN_AUDIT_LOG = [
    *(b",", b'"', b"\r", b"\n", b"\0", b"\xff", b"-1", b"9" * 30, b"1e400", b"NaN", b"[999999]"),
    *(b"question,/data/a,1,2\n" * 20, b"event,node,start,end\n", b"\xef\xbb\xbf", b"[", b"/data"),
]


SUBMISSION = submission_xml("uuid:fuzz", "<age>7</age><photo>a.jpg</photo>")
UPLOAD, UPLOAD_TYPE = multipart(SUBMISSION, [("a.jpg", b"a photo"), ("b.jpg", b"another")])
ANSWERS = damaged(SUBMISSION, IN_XML)
ENTITIES = damaged(person_xml("uuid:fuzz-entity", ID), IN_ENTITY)
UPLOADS = damaged(UPLOAD, IN_MULTIPART)
CREDENTIALS = damaged(
    (
        b'Digest username="p1", realm="doorstep", nonce="b64", uri="/v1/projects/1/formList", '
        b'response="6629fae49393a05397450978507c4ef1", qop=auth, nc=00000001, cnonce="0a4f113b", '
        b'algorithm=MD5, opaque="doorstep"'
    ),
    [piece.encode() for piece in IN_DIGEST],
)
AUDIT_LOGS = damaged(AUDIT_LOG, IN_AUDIT_LOG)
