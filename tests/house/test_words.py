"""Every message for people has a Chinese translation with the same places to fill."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

HOME = Path(__file__).parents[2]
SPEAKING = ("server/web", "server/survey", "server/cli", "forms", "exports", "maps")
CHINESE = sorted((HOME / "server/locale/zh").glob("*.po"))

PLACE = re.compile(r"%\((\w+)\)[sd]")
# A message may lie in a table and be spoken elsewhere: what reads like a sentence is one.
SENTENCE = re.compile(r"[A-Z%][^\\\u4e00-\u9fff]* [^\\\u4e00-\u9fff]*[.!?]", re.DOTALL)
# The looks that `state_badge` knows: they stand beside words and are not shown.
BADGES = frozenset({"todo", "watch", "fine", "off"})
TABLE_OF_MESSAGES = re.compile(r"_?[A-Z_]*(MESSAGES|REFUSALS|TITLES|LABELS|WORDS)")
SPEAKERS = {"_", "gettext", "ngettext", "say"}
# Faults of programs, the log, and the help of commands are in English.
ENGLISH = re.compile(r"\w+Error|debug|info|warning|error|exception|option|argument")

# A plural message has two ids.
Ids = tuple[str, ...]


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _silent(tree: ast.Module) -> set[int]:
    """Return the nodes below which nothing is a message id."""
    silent = {id(node) for node in ast.walk(tree) if hasattr(node, "is_part")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            silent.add(id(node.value))  # A docstring.
        elif isinstance(node, ast.JoinedStr) or _is_not_looked_up(node):
            silent.update(map(id, ast.walk(node)))
    return silent


def _is_not_looked_up(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return ENGLISH.fullmatch(_called(node)) is not None
    # Both languages stand side by side.
    return isinstance(node, ast.Dict) and {"en", "zh"} <= {
        key.value for key in node.keys if isinstance(key, ast.Constant)
    }


class _Sums(ast.NodeTransformer):
    """Writes a message that is put together from texts and constants of its file as one text."""

    def __init__(self, tree: ast.Module) -> None:
        self.constants = {
            target.id: node
            for node in tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        left, right = self._text(node.left), self._text(node.right)
        if not isinstance(node.op, ast.Add) or left is None or right is None:
            return node
        return ast.copy_location(ast.Constant(left + right), node)

    def _text(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Name) and node.id in self.constants:
            node = self.constants[node.id].value
            # Half a sentence is no message of its own.
            vars(node)["is_part"] = True
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return None


def _ids_in_python(path: Path) -> Iterator[Ids]:
    tree = ast.parse(path.read_text("utf-8"))
    tree = _Sums(tree).visit(tree)
    silent = _silent(tree)
    for node in ast.walk(tree):
        if id(node) in silent:
            continue
        if isinstance(node, ast.Call) and _called(node) in SPEAKERS:
            spoken = node.args[: 2 if _called(node) == "ngettext" else 1]
            ids = tuple(str(one.value) for one in spoken if isinstance(one, ast.Constant))
            if len(ids) == len(spoken):
                yield ids
            silent.update(map(id, spoken))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            yield from ((text,) for text in _table_of_messages(node, silent))
        elif isinstance(node, ast.Constant) and _is_message(node.value):
            yield (str(node.value),)


def _is_message(value: object) -> bool:
    if not isinstance(value, str) or PLACE.fullmatch(value):
        return False
    return bool(PLACE.search(value) or SENTENCE.fullmatch(value))


def _table_of_messages(node: ast.Assign | ast.AnnAssign, silent: set[int]) -> Iterator[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [one.id for one in targets if isinstance(one, ast.Name)]
    if isinstance(node.value, ast.Dict) and any(map(TABLE_OF_MESSAGES.fullmatch, names)):
        for value in node.value.values:
            for one in ast.walk(value):
                if not isinstance(one, ast.Constant) or id(one) in silent:
                    continue
                if isinstance(one.value, str) and one.value not in BADGES:
                    yield one.value


def _ids_in_templates() -> Iterator[Ids]:
    found = extract_from_dir(
        HOME / "server/templates",
        method_map=[("**", "jinja2")],
        # As server/web/language.py sets the templates up: it decides where a line ends.
        options_map={"**": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}},
    )
    for _, _, ids, _, _ in found:
        yield _as_ids(ids)


def _as_ids(ids: object) -> Ids:
    return tuple(map(str, ids)) if isinstance(ids, list | tuple) else (str(ids),)


def _spoken() -> set[Ids]:
    paths = [path for folder in SPEAKING for path in sorted((HOME / folder).rglob("*.py"))]
    paths.append(HOME / "server/errors.py")
    return {ids for path in paths for ids in _ids_in_python(path)} | set(_ids_in_templates())


def _chinese() -> dict[Ids, set[str]]:
    """Return the translations of each message: one, unless two files differ."""
    chinese: dict[Ids, set[str]] = defaultdict(set)
    for path in CHINESE:
        with path.open("rb") as opened:
            catalogue = read_po(opened, locale="zh", abort_invalid=True)
        for message in catalogue:
            if message.id and not message.fuzzy:
                text = message.string
                chinese[_as_ids(message.id)].add(str(text[0] if isinstance(text, tuple) else text))
    return chinese


def test_every_message_has_a_chinese_translation() -> None:
    chinese = _chinese()

    missing = sorted(ids for ids in _spoken() if not any(chinese.get(ids, ())))

    assert missing == []


def test_translations_have_the_places_of_their_messages() -> None:
    differing = [
        (ids[-1], text)
        for ids, texts in _chinese().items()
        for text in texts
        if text and set(PLACE.findall(text)) != set(PLACE.findall(ids[-1]))
    ]

    assert differing == []


def test_a_message_is_translated_the_same_way_everywhere() -> None:
    differing = {ids: texts for ids, texts in _chinese().items() if len(texts) > 1}

    assert differing == {}
