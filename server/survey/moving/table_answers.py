"""Submissions out of tables: each root row with its repeats' rows becomes an XML written anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from forms import columns
from forms.columns import Meaning
from forms.fields import CompiledForm
from forms.instance import Filled, Identity, InstanceWriter
from server.survey.moving import told
from server.survey.moving.contents import Note
from server.survey.moving.tables import Table, column
from server.survey.moving.told import Told

# A table is taken for a form's when the form asks at least this part of its columns.
LEAST_SCORE = 0.5

NO_FORM = "%(name)s: there is no form whose questions its columns are. Bring the form along."
NO_REPEAT = "%(name)s: form %(form_id)s has no such repeat."
NOT_ASKED = "%(name)s: no question for the columns %(columns)s. Their cells are kept as they are."
REPEATS_MISSING = (
    "%(name)s: the answers of the repeats %(repeats)s are not here. A lone CSV leaves them out: "
    "bring the .csv.zip, the XLSX or the XML instead."
)
ENCRYPTED_ROWS = "%(name)s: %(count)s rows are encrypted. Bring their XML and files instead."

Versions = Mapping[str, CompiledForm]
"""The versions of one form by name, the newest last."""


@dataclass(frozen=True, slots=True)
class FromTable:
    """A submission from a table: the XML written for it, and what the other server told."""

    form_id: str
    version: str
    instance_id: str
    xml: bytes
    told: Told


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of a repeat's table by the key of the row they belong to."""

    table: Table
    by_parent: Mapping[str, list[list[str]]]
    key: int | None


class AnswerTables:
    """The tables of one form: a root, and those of its repeats."""

    def __init__(
        self, root: Table, form_id: str, versions: Versions, repeats: Mapping[str, Table]
    ) -> None:
        """`repeats` are the tables by the path of their repeat."""
        self.root, self.form_id, self.versions = root, form_id, versions
        self._repeats = repeats
        self._writers: dict[str, InstanceWriter] = {}
        self._meant: dict[tuple[str, str], list[Meaning]] = {}

    @property
    def newest(self) -> CompiledForm:
        """The newest version of the form."""
        return list(self.versions.values())[-1]

    def notes(self) -> Iterator[Note]:
        """Tell what of the tables no question asks, and what repeats have no table."""
        for table, repeat in ((self.root, None), *((t, r) for r, t in self._repeats.items())):
            asked: set[str] = set()
            for form in self.versions.values():
                meant = columns.meanings(form, repeat, table.headings)
                asked |= {
                    name
                    for one, name in zip(meant, table.headings, strict=True)
                    if one.kind != "stranger"
                }
            if left := [name for name in table.headings if name not in asked]:
                shown = ", ".join(left[:10]) + (" …" if len(left) > 10 else "")
                yield Note(NOT_ASKED, {"name": _label(table), "columns": shown})
        missing = [path for path in self.newest.repeats if path not in self._repeats]
        if missing:
            yield Note(REPEATS_MISSING, {"name": _label(self.root), "repeats": ", ".join(missing)})

    def __iter__(self) -> Iterator[FromTable]:
        """Give the submissions in the order of the root's rows; encrypted ones are left out."""
        below = {path: _rows(table) for path, table in self._repeats.items()}
        status = column(self.root, "Status")
        key_at = column(self.root, columns.KEY)
        index_at = column(self.root, columns.KOBO_KEY)
        source = f"{'xlsx' if self.root.path.lower().endswith('x') else 'csv'} {self.root.path}"
        for row in self.root.rows():
            # Central: "not decrypted", "missing encrypted form data".
            if status is not None and row[status]:
                continue
            cells = dict(zip(self.root.headings, row, strict=True))
            said = told.of_row(cells, source)
            form = self.versions.get(said.version, self.newest)
            key = row[key_at] if key_at is not None else ""
            index = f"{self.root.name}|{row[index_at]}" if index_at is not None else ""
            filled, identity = self._filled(form, row, cells, key, index or key, below)
            xml = self._writer(form).xml(filled, identity)
            yield FromTable(self.form_id, form.version, identity.instance_id, xml, said)

    def encrypted(self) -> int:
        """Count the rows whose answers are not here, as they are encrypted."""
        status = column(self.root, "Status")
        return 0 if status is None else sum(1 for row in self.root.rows() if row[status])

    def _filled(
        self,
        form: CompiledForm,
        row: Sequence[str],
        cells: Mapping[str, str],
        key: str,
        parent: str,
        below: Mapping[str, _Rows],
    ) -> tuple[Filled, Identity]:
        meant = self._meanings(form, None, self.root)
        values, strangers = columns.filled_values(meant, row)
        repeats = {
            path: [self._turn(form, path, one, below, strangers) for one in rows]
            for path, rows in _directly(form, None, below, parent)
        }
        meta = {one.name: cell for one, cell in zip(meant, row, strict=True) if one.kind == "meta"}
        return Filled(values, repeats), _identity(meta, cells, key, strangers)

    def _turn(
        self,
        form: CompiledForm,
        path: str,
        row: Sequence[str],
        below: Mapping[str, _Rows],
        strangers: list[tuple[str, str]],
    ) -> Filled:
        own = below[path]
        values, left = columns.filled_values(self._meanings(form, path, own.table), row)
        strangers += left
        key = row[own.key] if own.key is not None else ""
        if own.table.headings[own.key or 0] == columns.KOBO_KEY:
            key = f"{own.table.name}|{key}"
        return Filled(
            values,
            {
                inner: [self._turn(form, inner, one, below, strangers) for one in rows]
                for inner, rows in _directly(form, path, below, key)
            },
        )

    def _meanings(self, form: CompiledForm, repeat: str | None, table: Table) -> list[Meaning]:
        at = (form.version, repeat or "")
        if at not in self._meant:
            self._meant[at] = columns.meanings(form, repeat, table.headings)
        return self._meant[at]

    def _writer(self, form: CompiledForm) -> InstanceWriter:
        if form.version not in self._writers:
            self._writers[form.version] = InstanceWriter(form)
        return self._writers[form.version]


def _identity(
    meta: Mapping[str, str],
    cells: Mapping[str, str],
    key: str,
    strangers: Sequence[tuple[str, str]],
) -> Identity:
    """Return who a submission is. Central's KEY, Kobo's rootUuid, is the first of its edits."""
    uuid = cells.get("_uuid", "")
    instance_id = meta.get("instanceID") or key or _prefixed(uuid)
    first = key or _prefixed(meta.get("rootUuid", ""))
    deprecated = meta.get("deprecatedID") or (first if first != instance_id else "")
    return Identity(instance_id, deprecated, meta.get("instanceName", ""), tuple(strangers))


def _prefixed(uuid: str) -> str:
    return uuid if not uuid or uuid.startswith("uuid:") else f"uuid:{uuid}"


def _directly(
    form: CompiledForm, outer: str | None, below: Mapping[str, _Rows], key: str
) -> Iterator[tuple[str, list[list[str]]]]:
    """Give the rows of the repeats directly inside a row: of the root, or of a repeat."""
    for path in form.repeats:
        if path in below and _enclosing(form, path) == outer:
            rows = below[path].by_parent.get(key)
            if rows:
                yield path, rows


def _enclosing(form: CompiledForm, path: str) -> str | None:
    around = [one for one in form.repeats if path.startswith(f"{one}/")]
    return max(around, key=len, default=None)


def _rows(table: Table) -> _Rows:
    parent = column(table, columns.PARENT_KEY)
    by_parent: dict[str, list[list[str]]] = {}
    if parent is not None:
        for row in table.rows():
            by_parent.setdefault(row[parent], []).append(row)
        return _Rows(table, by_parent, column(table, columns.KEY))
    name_at = column(table, columns.KOBO_PARENT_TABLE)
    index_at = column(table, columns.KOBO_PARENT)
    if name_at is not None and index_at is not None:
        for row in table.rows():
            by_parent.setdefault(f"{row[name_at]}|{row[index_at]}", []).append(row)
    return _Rows(table, by_parent, column(table, columns.KOBO_KEY))


def _label(table: Table) -> str:
    return table.path if table.path.endswith(f"{table.name}.csv") else f"{table.path}: {table.name}"


def match(
    roots: Sequence[Table], repeats: Sequence[Table], forms: Mapping[str, Versions]
) -> tuple[list[AnswerTables], list[Note]]:
    """Find the form of each root, and the root of each repeat's table.

    By name as Central names its files; else the form that asks most of the columns.
    """
    matched: list[AnswerTables] = []
    notes: list[Note] = []
    left = list(repeats)
    for root in sorted(roots, key=lambda one: -len(one.name)):
        form_id = _form_of(root, forms)
        if form_id is None:
            notes.append(Note(NO_FORM, {"name": _label(root)}))
            continue
        versions = forms[form_id]
        own: dict[str, Table] = {}
        for table in [one for one in left if _belongs(one, root)]:
            left.remove(table)
            path = _repeat_path(table, root, versions)
            if path is None:
                notes.append(Note(NO_REPEAT, {"name": _label(table), "form_id": form_id}))
            else:
                own[path] = table
        matched.append(AnswerTables(root, form_id, versions, own))
    return matched, notes


def _form_of(root: Table, forms: Mapping[str, Versions]) -> str | None:
    named = [form_id for form_id in forms if sanitized(form_id) == root.name]
    if named:
        return named[0]
    scores = [
        (max(columns.score(form, None, root.headings) for form in versions.values()), form_id)
        for form_id, versions in forms.items()
        if versions
    ]
    best = max(scores, default=(0.0, ""))
    return best[1] if best[0] >= LEAST_SCORE else None


def _belongs(table: Table, root: Table) -> bool:
    if table.path == root.path:
        return True
    return table.folder == root.folder and table.name.startswith(f"{root.name}-")


def _repeat_path(table: Table, root: Table, versions: Versions) -> str | None:
    name = table.name.removeprefix(f"{root.name}-") if table.path != root.path else table.name
    for form in reversed(list(versions.values())):
        if path := columns.repeat_of(form, name):
            return path
    return None


def sanitized(form_id: str) -> str:
    """Return a form's id as Central writes it into a file's name."""
    return "".join(sign for sign in form_id if sign not in '/?<>\\:*|"' and ord(sign) > 31)
