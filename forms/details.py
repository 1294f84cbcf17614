"""What stands beside a question in an XForm: hints, messages, media, conditions, in plain words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from forms.controls import Controls
from forms.fields import CompiledForm
from forms.texts import Texts
from forms.xform import parsed
from forms.xml_names import HTML, JAVAROSA, XFORMS, below_root

# "/data/hh/age" and "../age" as XLSForm's authors know them: ${age}.
_PATH = re.compile(r"\s*(?:/[\w.-]+|\.\.(?=/))(?:/(?:[\w.-]+|\.\.))+\s*")


@dataclass(frozen=True, slots=True)
class Details:
    """Of one question or group: words by language code, and conditions as the author wrote them.

    Conditions are "" where there is none; a question that must always be answered has "true()".
    `media` is by kind ("image", "audio", "video", "big-image"), then by language code.
    """

    hints: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    required: str = ""
    relevant: str = ""
    constraint: str = ""
    calculation: str = ""
    appearance: str = ""


def details(form: CompiledForm) -> Mapping[str, Details]:
    """Return the details of every question and group that has some, by its path."""
    root = parsed(form.xml)
    model = root.find(f".//{XFORMS}model")
    if model is None:
        return {}
    texts = Texts(model)
    controls = Controls(model, root.find(f"{HTML}body"), texts)
    binds = {
        below_root(bind.get("nodeset", "")): dict(bind.attrib)
        for bind in model.findall(f"{XFORMS}bind")
    }
    paths = [*form.groups, *(one.path for one in form.fields)]
    return {path: _details(binds.get(path, {}), path, controls, texts) for path in paths}


def readable(expression: str) -> str:
    """Return an expression with ${name} for each path: "${age} > 5" for " /data/hh/age > 5"."""

    def name(found: re.Match[str]) -> str:
        return " ${" + found[0].strip().rpartition("/")[2] + "} "

    return " ".join(_PATH.sub(name, expression).split())


def _details(bind: Mapping[str, str], path: str, controls: Controls, texts: Texts) -> Details:
    control = controls.of(path)
    hint = None if control is None else control.find(f"{XFORMS}hint")
    return Details(
        hints=texts.of(hint),
        messages=texts.spoken(bind.get(f"{JAVAROSA}constraintMsg", "")),
        media=texts.shown(controls.label(path)),
        required=_unless(bind.get("required", ""), "false()"),
        relevant=_unless(bind.get("relevant", ""), "true()"),
        constraint=readable(bind.get("constraint", "")),
        calculation=readable(bind.get("calculate", "")),
        appearance="" if control is None else _appearance(control),
    )


def _unless(expression: str, usual: str) -> str:
    return "" if expression.strip() == usual else readable(expression)


def _appearance(control: etree._Element) -> str:
    return " ".join(control.get("appearance", "").split())
