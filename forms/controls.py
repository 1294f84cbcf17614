"""The body of an XForm: which control asks for which node, what it offers, what repeats."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from forms.expected import file_of, searched_file
from forms.fields import Choice
from forms.texts import Texts
from forms.xml_names import XFORMS, below_root, local

_INSTANCE = re.compile(r"instance\(\s*['\"]([^'\"]+)['\"]\s*\)")
_ITEXT_OF_ITEM = re.compile(r"jr:itext\(\s*([^'\"()]+?)\s*\)\Z")
_ACTIONS = frozenset({"setvalue", "setgeopoint", "recordaudio"})
_CONTAINERS = frozenset({"group", "repeat"})
_NO_CONTROL = frozenset({"label", "hint", "value", "copy", *_ACTIONS})

Node = etree._Element


class Controls:
    """The controls of a form by the path of the node they ask for."""

    def __init__(self, model: Node, body: Node | None, texts: Texts) -> None:
        self.repeats: set[str] = set()
        self._texts = texts
        self._instances = {one.get("id", ""): one for one in model.findall(f"{XFORMS}instance")}
        self._controls: dict[str, Node] = {}
        self._actions: dict[str, str] = {}
        self._offers: dict[tuple[str, str, str], tuple[Choice, ...]] = {}
        for within in (model, body):
            if within is not None:
                self._read(within)

    def _read(self, within: Node) -> None:
        for node in within.iter(etree.Element):
            name = local(node)
            if name == "repeat":
                self.repeats.add(below_root(node.get("nodeset", "")))
            elif name in _ACTIONS:
                self._actions[below_root(node.get("ref", ""))] = name
            elif node.get("ref") and name not in _NO_CONTROL:
                self._controls.setdefault(below_root(node.get("ref", "")), node)

    def of(self, path: str) -> Node | None:
        """Return the control that asks for a node, None for a node nobody is asked for."""
        return self._controls.get(path)

    def action(self, path: str) -> str:
        """Return the name of the action that fills a node, "" for none."""
        return self._actions.get(path, "")

    def is_container(self, path: str) -> bool:
        """Say whether the body shows a group or repeat here, even one with nothing in it."""
        control = self.of(path)
        return path in self.repeats or (control is not None and local(control) in _CONTAINERS)

    def label(self, path: str) -> Node | None:
        """Return the label element of the control, None without one."""
        control = self.of(path)
        return None if control is None else control.find(f"{XFORMS}label")

    def span(self, path: str) -> tuple[float, float] | None:
        """Return (least, greatest) of a range control, which has no constraint of its own."""
        control = self.of(path)
        if control is None or local(control) != "range":
            return None
        try:
            ends = float(control.get("start", "")), float(control.get("end", ""))
        except ValueError:
            return None
        return min(ends), max(ends)

    def choices_file(self, path: str) -> str | None:
        """Return the file a select takes its options from, None for options of its own."""
        control = self.of(path)
        if control is None:
            return None
        if control.get("query"):
            return "itemsets.csv"
        instance = self._instance(control)
        source = "" if instance is None else file_of(instance.get("src", ""))
        return source or searched_file(control.get("appearance", "")) or None

    def choices(self, path: str) -> tuple[Choice, ...]:
        """Return the options a select names itself, in order, each name once."""
        control = self.of(path)
        if control is None or self.choices_file(path):
            return ()
        itemset = control.find(f"{XFORMS}itemset")
        if itemset is None:
            return _once(self._inline(control))
        instance = self._instance(control)
        if instance is None:
            return ()
        value = _ref(itemset, "value") or "name"
        label = _ref(itemset, "label") or "label"
        key = (instance.get("id", ""), value, label)
        # Large forms ask hundreds of questions from one list: read it once, share the tuple.
        if key not in self._offers:
            self._offers[key] = _once(self._listed(instance, value, label))
        return self._offers[key]

    def _instance(self, control: Node) -> Node | None:
        itemset = control.find(f"{XFORMS}itemset")
        found = None if itemset is None else _INSTANCE.search(itemset.get("nodeset", ""))
        return self._instances.get(found[1]) if found else None

    def _inline(self, control: Node) -> Iterator[Choice]:
        for item in control.findall(f"{XFORMS}item"):
            name = item.findtext(f"{XFORMS}value", "").strip()
            yield Choice(name, self._texts.of(item.find(f"{XFORMS}label")))

    def _listed(self, instance: Node, value: str, label: str) -> Iterator[Choice]:
        top = next(instance.iterchildren(etree.Element), None)
        translated = _ITEXT_OF_ITEM.match(label)
        for item in () if top is None else top.iterchildren(etree.Element):
            told = {local(node): (node.text or "").strip() for node in item.iter(etree.Element)}
            if translated:
                labels = self._texts.by_id(told.get(translated[1], ""))
            else:
                words = told.get(label, "")
                labels = dict.fromkeys(self._texts.languages, words) if words else {}
            yield Choice(told.get(value, ""), labels)


def _ref(itemset: Node, name: str) -> str:
    node = itemset.find(f"{XFORMS}{name}")
    return "" if node is None else node.get("ref", "").strip()


def _once(choices: Iterator[Choice]) -> tuple[Choice, ...]:
    """Return the choices by name; `allow_choice_duplicates` lets a cascade name one twice."""
    named: dict[str, Choice] = {}
    for choice in choices:
        named.setdefault(choice.name, choice)
    return tuple(named.values())
