"""Who may import whom: every import of the house, held against the plan of its rooms."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOME = Path(__file__).parents[2]
PACKAGES = ("server", "forms", "exports", "maps")
BENCHES = ("forms", "exports", "maps")


@dataclass(frozen=True)
class Room:
    """What the modules under one name may import.

    `ours` are names of our own modules or packages. `tools` are foreign packages: the only ones
    when `is_strict`, else those that may not be imported.
    """

    ours: tuple[str, ...]
    tools: frozenset[str]
    is_strict: bool = True


def only(*tools: str) -> frozenset[str]:
    return frozenset(tools)


WEB_TOOLS = only("flask", "werkzeug", "jinja2", "click", "marshmallow", "granian")

# The longest name that fits a module decides.
ROOMS = {
    "forms": Room(("forms",), only("pyxform", "lxml", "openpyxl", "xlrd", "cryptography")),
    "exports": Room(("exports",), only("openpyxl", "lxml", "reportlab", "resvg_py")),
    "maps": Room(("maps",), only("folium", "branca", "jinja2", "shapely", "numpy", "scipy")),
    "server.errors": Room((), only()),
    "server.config": Room((), only()),
    "server.database": Room((), only("sqlalchemy")),
    "server.tables": Room(("server.tables", "server.database"), only("sqlalchemy")),
    "server.survey": Room(
        (
            "server.survey",
            "server.tables",
            "server.database",
            "server.errors",
            "server.config",
            *BENCHES,
        ),
        WEB_TOOLS,
        is_strict=False,
    ),
    "server.web": Room(
        ("server.web", "server.survey", "server.errors", "server.config", *BENCHES),
        only("sqlalchemy", "alembic", "psycopg"),
        is_strict=False,
    ),
    **dict.fromkeys(
        # The doors open the sessions, and tell a full disk from a fault of ours.
        ("server.web.door", "server.web.refusals", "server.web.openrosa.access"),
        Room(
            (
                "server.web",
                "server.survey",
                "server.database",
                "server.errors",
                "server.config",
                *BENCHES,
            ),
            only("alembic", "psycopg"),
            is_strict=False,
        ),
    ),
    "server.migrations": Room(("server",), WEB_TOOLS, is_strict=False),
    **dict.fromkeys(
        ("server.app", "server.wsgi"),
        Room(("server", *BENCHES), only("alembic", "psycopg"), is_strict=False),
    ),
    "server.cli": Room(("server", *BENCHES), only("flask", "werkzeug"), is_strict=False),
    "server": Room((), only()),
}


@dataclass(frozen=True)
class Import:
    """One imported module or name, by the module and line that ask for it."""

    by: str
    line: int
    name: str
    is_relative: bool
    is_at_top: bool

    def __str__(self) -> str:
        return f"{self.by}, line {self.line}: {self.name}"

    @property
    def is_ours(self) -> bool:
        """Whether it is a part of the house."""
        return self.name.split(".")[0] in PACKAGES


def _sources() -> dict[str, Path]:
    """Return the file of every module of the house, by its name."""
    paths = (path for package in PACKAGES for path in (HOME / package).rglob("*.py"))
    return {_module_name(path): path for path in sorted(paths)}


def _module_name(path: Path) -> str:
    parts = path.relative_to(HOME).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(module: str, tree: ast.Module) -> Iterator[Import]:
    at_top = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        is_at_top = id(node) in at_top
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(module, node.lineno, alias.name, False, is_at_top)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = f"{node.module or ''}.{alias.name}"
                yield Import(module, node.lineno, name, node.level > 0, is_at_top)


SOURCES = _sources()
TREES = {module: ast.parse(path.read_text("utf-8"), str(path)) for module, path in SOURCES.items()}
IMPORTS = [one for module, tree in TREES.items() for one in _imports(module, tree)]


def _is_within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def _room(module: str) -> Room:
    return ROOMS[max((name for name in ROOMS if _is_within(module, (name,))), key=len)]


def _imported_module(name: str) -> str | None:
    """Return the module of ours that `name` is or stands in."""
    while name and name not in SOURCES:
        name = name.rpartition(".")[0]
    return name or None


def _arrows() -> dict[str, set[str]]:
    arrows: dict[str, set[str]] = {module: set() for module in SOURCES}
    for one in IMPORTS:
        target = _imported_module(one.name) if one.is_ours else None
        if target and target != one.by:
            arrows[one.by].add(target)
    return arrows


def test_there_is_something_to_read() -> None:
    assert {"forms.fields", "exports.table", "maps.points", "server.database"} <= set(SOURCES)


def test_every_import_of_ours_is_one_the_plan_allows() -> None:
    stray = [
        str(one) for one in IMPORTS if one.is_ours and not _is_within(one.name, _room(one.by).ours)
    ]

    assert stray == []


def test_foreign_tools_stay_in_their_rooms() -> None:
    stray = []
    for one in IMPORTS:
        tool = one.name.split(".")[0]
        if one.is_ours or tool in sys.stdlib_module_names:
            continue
        room = _room(one.by)
        if (tool in room.tools) != room.is_strict:
            stray.append(str(one))

    assert stray == []


def test_only_the_drawing_file_touches_folium() -> None:
    touching = {one.by for one in IMPORTS if one.name.split(".")[0] in ("folium", "branca")}

    assert touching <= {"maps.draw"}


def test_the_doors_take_no_more_than_these_from_sqlalchemy() -> None:
    taken = {
        one.name
        for one in IMPORTS
        if _is_within(one.by, ("server.web",)) and _is_within(one.name, ("sqlalchemy",))
    }

    stray = {name for name in taken if not name.startswith("sqlalchemy.exc.")}

    assert stray <= {"sqlalchemy.orm.Session", "sqlalchemy.Connection", "sqlalchemy.text"}


def test_imports_are_absolute_and_at_the_top() -> None:
    stray = [str(one) for one in IMPORTS if one.is_relative or not one.is_at_top]

    assert stray == []


def test_there_is_no_circle() -> None:
    try:
        TopologicalSorter(_arrows()).prepare()
    except CycleError as circle:
        pytest.fail(" → ".join(reversed(circle.args[1])), pytrace=False)


# In server/survey: what answers questions imports nothing that writes.
READERS = ("indicators", "screening", "extracts", "coverage", "progress", "clinics")
WRITERS = ("intake", "publishing", "projection", "projecting", "writer", "replay", "keeping")


def test_what_reads_the_survey_imports_nothing_that_writes() -> None:
    readers = tuple(f"server.survey.{name}" for name in READERS)
    writers = tuple(f"server.survey.{name}" for name in WRITERS)

    stray = [
        str(one) for one in IMPORTS if _is_within(one.by, readers) and _is_within(one.name, writers)
    ]

    assert stray == []


def _has_blueprint(module: str) -> bool:
    called = (node.func for node in ast.walk(TREES[module]) if isinstance(node, ast.Call))
    return any(isinstance(one, ast.Name) and one.id == "Blueprint" for one in called)


def _route(module: str | None) -> str | None:
    """Return the file or folder of server/web that holds the routes, None for what has none."""
    if module and module.startswith("server.web.") and _has_blueprint(module):
        return module.split(".")[2]
    return None


def test_routes_do_not_import_one_another() -> None:
    stray = []
    for one in IMPORTS:
        asking, asked = _route(one.by), _route(_imported_module(one.name))
        if asking and asked and asking != asked:
            stray.append(str(one))

    assert stray == []


def test_a_package_holds_a_docstring_only() -> None:
    full = [
        str(path.relative_to(HOME))
        for module, path in SOURCES.items()
        if path.name == "__init__.py"
        and not (len(TREES[module].body) == 1 and ast.get_docstring(TREES[module]))
    ]

    assert full == []


def test_tests_have_no_packages() -> None:
    assert list((HOME / "tests").rglob("__init__.py")) == []
