"""Names, phones and citizen's numbers shown so that they can be checked but not used.

Whatever does not have the expected shape is hidden wholly: two phones in one answer, a name typed
into the number, a number of the old kind. "" stays "", so that missing and masked look different.
"""

from __future__ import annotations

import re
import unicodedata

HIDDEN = "****"

_MOBILE = re.compile(r"(?:\+?86)?(1[0-9]{10})")
_ID_NUMBER = re.compile(r"[0-9]{17}[0-9Xx]")


def mask_name(name: str) -> str:
    """Return the first letter and one star, however long the name: "王*".

    "*" for a name of one letter, and for one that does not begin with a letter.
    """
    name = name.strip()
    if not name:
        return ""
    # The stars do not count letters: the length of a name narrows a village down.
    return f"{name[0]}*" if len(name) > 1 and name[0].isalpha() else "*"


def mask_phone(phone: str) -> str:
    """Return a mobile number of China as "138****1234", any other text as stars."""
    plain = _plain(phone)
    if not plain:
        return ""
    mobile = _MOBILE.fullmatch(plain)
    return f"{mobile[1][:3]}****{mobile[1][-4:]}" if mobile else HIDDEN


def mask_id_number(id_number: str) -> str:
    """Return a citizen's number of 18 characters as "5323**********0017", any other as stars."""
    plain = _plain(id_number)
    if not plain:
        return ""
    return f"{plain[:4]}**********{plain[-4:].upper()}" if _ID_NUMBER.fullmatch(plain) else HIDDEN


def mask_words(words: str) -> str:
    """Return stars for any free text, which may name anybody; "" for none."""
    return HIDDEN if words.strip() else ""


def _plain(typed: str) -> str:
    """Return the text without blanks and hyphens, full-width digits made plain."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed))
