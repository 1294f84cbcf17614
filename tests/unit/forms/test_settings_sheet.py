"""What an author's settings say to phones: edits, sending, deleting, the key answers are for."""

from __future__ import annotations

import pytest
from lxml import etree

from forms.compile import compile_form
from forms.source import FormSource

ODK = "{http://www.opendatakit.org/xforms}"
OPENROSA = "{http://openrosa.org/xforms}"


@pytest.mark.parametrize(
    ("column", "value", "attribute", "written"),
    [
        ("client_editable", "true", f"{ODK}client-editable", "true"),  # C20
        ("auto_send", "true", f"{OPENROSA}auto-send", "true"),  # E7
        ("auto_send", "false", f"{OPENROSA}auto-send", "false"),
        ("auto_delete", "true", f"{OPENROSA}auto-delete", "true"),
        ("public_key", "MIIBIjANBgkq", "base64RsaPublicKey", "MIIBIjANBgkq"),  # C24
    ],
)
def test_a_setting_reaches_the_phone(column: str, value: str, attribute: str, written: str) -> None:
    text = f"""
| survey |
| | type | name | label |
| | text | a | A |
| settings |
| | form_id | version | {column} |
| | f | 1 | {value} |
"""
    form = compile_form(FormSource.of_bytes("f.md", text.encode())).form

    (submission,) = etree.fromstring(form.xml).iter("{*}submission")
    assert submission.get(attribute) == written
    # An address here would send the answers past this site.
    assert not submission.get("action")
