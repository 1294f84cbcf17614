"""The words of an XForm in every language: labels by language code, from itext or inline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml import etree

from forms.xml_names import XFORMS, local

# "中文 (zh)" is how an XLSForm names a language; the code in brackets is an IANA subtag.
_CODE = re.compile(r"\(\s*([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\s*\)\s*\Z")
_ITEXT = re.compile(r"jr:itext\(\s*['\"](.+)['\"]\s*\)\Z", re.DOTALL)
# Languages people name without their code; only those this program speaks itself.
_KNOWN = {"english": "en", "chinese": "zh", "中文": "zh", "汉语": "zh", "简体中文": "zh"}
# pyxform writes this where a translation is missing; as an author's own text it says as little.
MISSING = "-"


class Texts:
    """All texts of a form. `languages` are codes in the form's order, ("",) with only one."""

    def __init__(self, model: etree._Element) -> None:
        itext = model.find(f"{XFORMS}itext")
        translations = [] if itext is None else itext.findall(f"{XFORMS}translation")
        codes = _codes([one.get("lang", "") for one in translations])
        self.languages: tuple[str, ...] = tuple(codes) or ("",)
        self._texts: dict[str, dict[str, str]] = {}
        self._media: dict[str, list[str]] = {}
        self._shown: dict[tuple[str, str], dict[str, str]] = {}
        for code, translation in zip(codes, translations, strict=True):
            for text in translation.findall(f"{XFORMS}text"):
                self._add(code, text)

    def _add(self, code: str, text: etree._Element) -> None:
        name = text.get("id", "")
        for value in text.findall(f"{XFORMS}value"):
            if value.get("form") is None:
                self._texts.setdefault(name, {})[code] = written(value)
            elif value.get("form") in {"image", "big-image", "audio", "video"}:
                file = "".join(value.itertext()).strip()
                self._media.setdefault(name, []).append(file)
                self._shown.setdefault((name, value.get("form", "")), {})[code] = file

    def by_id(self, name: str) -> Mapping[str, str]:
        """Return a text of the itext block by language code, without missing translations."""
        found = self._texts.get(name, {})
        return {code: text for code, text in found.items() if text and text != MISSING}

    def of(self, node: etree._Element | None) -> Mapping[str, str]:
        """Return the words of a label or hint element, {} for none."""
        if node is None:
            return {}
        if found := _ITEXT.match(node.get("ref", "").strip()):
            return self.by_id(found[1])
        words = written(node)
        return dict.fromkeys(self.languages, words) if words else {}

    def spoken(self, words: str) -> Mapping[str, str]:
        """Return the words of a message as a bind holds it: itself, or a reference to a text."""
        if found := _ITEXT.match(words.strip()):
            return self.by_id(found[1])
        return dict.fromkeys(self.languages, words) if words else {}

    def shown(self, node: etree._Element | None) -> Mapping[str, Mapping[str, str]]:
        """Return the media a label shows: by kind ("image", "audio", …) and language code."""
        found = None if node is None else _ITEXT.match(node.get("ref", "").strip())
        if not found:
            return {}
        return {kind: files for (name, kind), files in self._shown.items() if name == found[1]}

    def missing_media(self) -> Iterator[tuple[str, str, str]]:
        """Yield (text id, kind, language code) where only another language shows such media."""
        for (name, kind), files in self._shown.items():
            for code in self.languages:
                if any(map(_says, files.values())) and not _says(files.get(code, "")):
                    yield name, kind, code

    def media(self) -> Iterator[str]:
        """Yield every picture, sound or film a text shows, as written (`jr://images/a.png`)."""
        for names in self._media.values():
            yield from names

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield (text id, language code) where another language has words and this one has none."""
        for name, words in self._texts.items():
            if any(_says(text) for text in words.values()):
                for code in self.languages:
                    if not _says(words.get(code, "")):
                        yield name, code


def written(node: etree._Element) -> str:
    """Return an element's words; where an answer is shown inside them stands ${its name}."""
    parts = [node.text or ""]
    for child in node:
        if local(child) == "output":
            parts.append("${" + child.get("value", "").strip().rpartition("/")[2] + "}")
        else:
            parts.append(written(child))
        parts.append(child.tail or "")
    return "".join(parts).strip()


def language_code(name: str) -> str:
    """Return "zh" for "中文 (zh)"; "" for pyxform's word for no language; else the name itself."""
    if found := _CODE.search(name):
        return found[1]
    return "" if name == "default" else _KNOWN.get(name.strip().lower(), name.strip())


def _codes(names: list[str]) -> list[str]:
    codes: list[str] = []
    for name in names:
        code = language_code(name)
        # Two languages with one code ("Ngoni (ng)", "Nyanja (ng)") are told apart by their names.
        codes.append(name if code in codes else code)
    return codes


def _says(text: str) -> bool:
    return bool(text) and text != MISSING
