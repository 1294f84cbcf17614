"""A form whose phones encrypt what they send: the same questions, a key in its <submission>."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from lxml import etree

from forms.fields import CompiledForm
from forms.xform import parsed
from forms.xml_names import XFORMS, local

_ATTRIBUTE = "base64RsaPublicKey"
# "3[encrypted:ab12cd34]", "3[encrypted:ab12cd34-2]", "3[plain-2]": what a switch adds to a version.
_MARK = re.compile(r"\[(?:encrypted:[0-9a-f]{8}|plain)(?:-[0-9]+)?\]\Z")


def public_key(xml: bytes) -> str:
    """Return the public key in an XForm, base64 without spaces; "" when answers stay plain."""
    if _ATTRIBUTE.encode() not in xml:
        return ""
    submission = parsed(xml).find(f".//{XFORMS}submission")
    return "" if submission is None else "".join(submission.get(_ATTRIBUTE, "").split())


def own_version(version: str) -> str:
    """Return a version as its author wrote it, without what a switch added."""
    return _MARK.sub("", version)


def encrypted_version(version: str, public: str, turn: int = 1) -> str:
    """Return the version text of a form under a key (openrosa.md G4): "3[encrypted:ab12cd34]".

    It follows from the key, so that publishing the same form twice gives one version. `turn`
    counts how often the form was switched to this key.
    """
    told = hashlib.sha256(public.encode()).hexdigest()[:8]
    return f"{own_version(version)}[encrypted:{told}{_counted(turn)}]"


def plain_version(version: str, turn: int) -> str:
    """Return the version text of a form that was encrypted and is plain again: "3[plain-2]"."""
    return f"{own_version(version)}[plain{_counted(turn)}]"


def encrypted(form: CompiledForm, public: str, version: str) -> CompiledForm:
    """Return a form under another version, with a public key that phones encrypt for."""
    return _changed(form, public, version)


def plain(form: CompiledForm, version: str) -> CompiledForm:
    """Return a form under another version, without any key."""
    return _changed(form, "", version)


def _counted(turn: int) -> str:
    return f"-{turn}" if turn > 1 else ""


def _changed(form: CompiledForm, public: str, version: str) -> CompiledForm:
    root = parsed(form.xml)
    model = next(root.iter(f"{XFORMS}model"))
    primary = next(model.iterfind(f"{XFORMS}instance/*"))
    primary.set("version", version)
    _set_key(model, public)
    xml = etree.tostring(root.getroottree(), xml_declaration=True, encoding="utf-8")
    md5 = hashlib.md5(xml, usedforsecurity=False).hexdigest()
    return replace(form, xml=xml, md5=md5, version=version)


def _set_key(model: etree._Element, public: str) -> None:
    submission = model.find(f"{XFORMS}submission")
    if public:
        if submission is None:
            submission = etree.Element(f"{XFORMS}submission")
            model.insert(_before_binds(model), submission)
        submission.set(_ATTRIBUTE, public)
    elif submission is not None:
        submission.attrib.pop(_ATTRIBUTE, None)
        if not submission.attrib:
            model.remove(submission)


def _before_binds(model: etree._Element) -> int:
    """Return where a <submission> belongs: before the first instance, as pyxform writes it."""
    places = (at for at, child in enumerate(model) if local(child) in ("instance", "bind"))
    return next(places, len(model))
