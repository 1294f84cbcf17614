"""What kind of question a node of an XForm is, by the name XLSForm gives it."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from forms.xml_names import JAVAROSA, local

# A control that leaves one kind of answer only.
_CONTROLS = {
    "select1": "select_one",
    "select": "select_multiple",
    "rank": "rank",
    "range": "range",
    "trigger": "acknowledge",
    "secret": "text",
}
_INPUTS = {"int": "integer", "string": "text", "boolean": "text", "intent": "text"}
_UPLOADS = {"image": "image", "audio": "audio", "video": "video", "osm": "osm"}
_PRELOADS = {
    ("timestamp", "start"): "start",
    ("timestamp", "end"): "end",
    ("date", "today"): "today",
}


def kind_of_field(
    bind: Mapping[str, str], control: etree._Element | None, action: str, default: str
) -> str:
    """Return the XLSForm type of a field from its bind, its control and the action that fills it.

    `action` is the name of the event's element ("setgeopoint", "recordaudio", "setvalue"), ""
    for none; `default` is the text the form starts with. A select from a file is a select.
    """
    datatype = bind.get("type", "string").rpartition(":")[2]
    if control is None:
        return _unasked(bind, action, datatype)
    name = local(control)
    if name == "upload":
        return _UPLOADS.get(control.get("mediatype", "").partition("/")[0], "file")
    if name == "input" and control.get("query"):
        return "select_one"
    if name == "input":
        # A read-only text that nothing fills can only be read: a note, whatever it was called.
        filled = "calculate" in bind or action or default
        if bind.get("readonly") == "true()" and datatype == "string" and not filled:
            return "note"
        return _INPUTS.get(datatype, datatype)
    if name == "trigger" and action == "setgeopoint":
        return "background-geopoint"
    if "label" in control.get("appearance", "").split():
        return "note"  # The head of a table of selects: it shows the choices and takes no answer.
    return _CONTROLS.get(name, "text")


def _unasked(bind: Mapping[str, str], action: str, datatype: str) -> str:
    preload = bind.get(f"{JAVAROSA}preload", "")
    params = bind.get(f"{JAVAROSA}preloadParams", "")
    if preload == "property":
        return params.removeprefix("uri:")
    if (preload, params) in _PRELOADS:
        return _PRELOADS[preload, params]
    if action == "setgeopoint":
        return "start-geopoint"
    if action == "recordaudio":
        return "background-audio"
    if "calculate" in bind or action:
        return "calculate"
    return "audit" if datatype == "binary" else "hidden"
