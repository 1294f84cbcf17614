"""What the columns of an exported table mean to a form: ODK Central's, Briefcase's and Kobo's.

Central and Briefcase write a field's path below its table with hyphens ("group-field"), a
position in four columns, a repeat in a table of its own with KEY and PARENT_KEY; Central may add
a column for each choice ("field/choice") and leave out the groups (groupPaths=false). Kobo writes
the whole path with slashes, or the bare name, and numbers rows by _index and _parent_index.
Sources: getodk/central-backend lib/data/briefcase.js, getodk/briefcase docs/export-format.md,
kobotoolbox/formpack src/formpack/reporting/export.py and schema/fields.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from forms.fields import CompiledForm, Field

KEY, PARENT_KEY = "KEY", "PARENT_KEY"
KOBO_KEY, KOBO_PARENT = "_index", "_parent_index"
KOBO_PARENT_TABLE = "_parent_table_name"

# What the servers add of their own. Central puts the first in front and the others at the end.
_CENTRAL = frozenset(
    [
        "SubmissionDate",
        "KEY",
        "PARENT_KEY",
        "SubmitterID",
        "SubmitterName",
        "AttachmentsPresent",
        "AttachmentsExpected",
        "Status",
        "ReviewState",
        "DeviceID",
        "Edits",
        "FormVersion",
        "isValidated",
    ]
)
_KOBO = frozenset(
    [
        "_id",
        "_uuid",
        "_submission_time",
        "_validation_status",
        "_notes",
        "_status",
        "_submitted_by",
        "__version__",
        "_tags",
        "_index",
        "_parent_table_name",
        "_parent_index",
        "_geolocation",
        "_attachments",
        "_xform_id_string",
        "_bamboo_dataset_id",
        "formhub/uuid",
    ]
)
_META = {
    "instanceID": "instanceID",
    "instanceName": "instanceName",
    "deprecatedID": "deprecatedID",
    "rootUuid": "rootUuid",
}
_TICKED = ("1", "1.0", "true", "yes")
_CENTRAL_PARTS = ("Latitude", "Longitude", "Altitude", "Accuracy")
_KOBO_PARTS = ("latitude", "longitude", "altitude", "precision")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one column holds.

    `kind` is field (all of the answer at `path`), part (the number `part` of a position, 0 to 3),
    choice (whether the choice `name` of `path` was ticked), server (what the server says under
    `name`), meta (`name` of the submission's own meta block), ignored, or stranger.
    """

    kind: str
    path: str = ""
    name: str = ""
    part: int = 0


IGNORED = Meaning("ignored")


def meanings(form: CompiledForm, repeat: str | None, headings: Sequence[str]) -> list[Meaning]:
    """Return what each column of a table means; `repeat` is the path of its repeat, None: root."""
    reader = _Reader(form, repeat, headings)
    return [reader.meaning(at, heading) for at, heading in enumerate(headings)]


def score(form: CompiledForm, repeat: str | None, headings: Sequence[str]) -> float:
    """Return which part (0 to 1) of the columns that are no server's the form asks."""
    found = [one for one in meanings(form, repeat, headings) if one.kind != "server"]
    if not found:
        return 0.0
    return sum(one.kind in ("field", "part", "choice", "meta") for one in found) / len(found)


def repeat_of(form: CompiledForm, name: str) -> str | None:
    """Return the path of the repeat a table is named after: "member", or "member~2" for the second.

    None when the form has no such repeat.
    """
    base, _, number = name.rpartition("~")
    if number.isdecimal() and base:
        alike = _named(form, base)
        return alike[int(number) - 1] if 0 < int(number) <= len(alike) else None
    alike = _named(form, name)
    # Excel cuts a sheet's name at 31 letters.
    alike = alike or [path for path in form.repeats if len(name) == 31 and _last(path)[:31] == name]
    return alike[0] if alike else None


def _named(form: CompiledForm, name: str) -> list[str]:
    return [path for path in _in_order(form) if _last(path) == name]


def _in_order(form: CompiledForm) -> list[str]:
    return [path for path in form.groups if path in form.repeats]


def _last(path: str) -> str:
    return path.rpartition("/")[2]


class _Reader:
    """Knows the columns a table of one form can have."""

    def __init__(self, form: CompiledForm, repeat: str | None, headings: Sequence[str]) -> None:
        self._known: dict[str, Meaning] = {}
        self._bare: dict[str, list[Field]] = {}
        self._repeat = repeat
        self._servers = _server_columns(headings)
        self._taken: dict[str, int] = {}
        fields = [field for field in form.fields if field.repeat == repeat]
        for field in fields:
            for name in self._names(field):
                self._known.setdefault(name, Meaning("field", field.path))
                for heading, part in _parts(name, field):
                    self._known.setdefault(heading, Meaning("part", field.path, part=part))
            self._bare.setdefault(field.name, []).append(field)
        self._choices = {
            name: field.path
            for field in fields
            if "multiple" in field.kind or field.kind == "rank"
            for name in (*self._names(field), field.name)
        }
        self._own: Mapping[str, list[Field]] = self._bare

    def _names(self, field: Field) -> Iterator[str]:
        inside = field.path.removeprefix(f"{self._repeat}/") if self._repeat else field.path
        yield inside.replace("/", "-")
        yield inside
        yield field.path
        yield field.path.replace("/", "-")

    def meaning(self, at: int, heading: str) -> Meaning:
        heading = heading.strip()
        if not heading:
            return IGNORED
        if at in self._servers:
            return Meaning("server", name=heading)
        return (
            self._known.get(heading)
            or self._meta(heading)
            or self._without_groups(heading)
            or self._choice(heading)
            or self._left_out(heading)
            or Meaning("stranger", name=heading)
        )

    def _meta(self, heading: str) -> Meaning | None:
        block, sign, name = heading.replace("-", "/").rpartition("/")
        if name in _META and block.rpartition("/")[2] in ("", "meta") and self._repeat is None:
            return Meaning("meta", name=_META[name])
        # Which entity a submission made is told by the list of entities.
        is_entity = heading.startswith(("meta-entity", "meta/entity")) or bool(
            sign and "/meta/entity" in f"/{heading.replace('-', '/')}"
        )
        return IGNORED if is_entity else None

    def _without_groups(self, heading: str) -> Meaning | None:
        """Find a bare name; Central writes two fields of one name in the order of the form."""
        for name, kind in ((heading, -1), *_stems(heading)):
            alike = [
                field
                for field in self._own.get(name, ())
                if kind < 0 or field.datatype == "geopoint"
            ]
            if not alike:
                continue
            turn = self._taken.get(heading, 0)
            self._taken[heading] = turn + 1
            field = alike[min(turn, len(alike) - 1)]
            return (
                Meaning("field", field.path) if kind < 0 else Meaning("part", field.path, "", kind)
            )
        return None

    def _choice(self, heading: str) -> Meaning | None:
        base, sign, choice = heading.rpartition("/")
        if sign and base in self._choices:
            return Meaning("choice", self._choices[base], choice)
        return None

    def _left_out(self, heading: str) -> Meaning | None:
        """Tell what only repeats others: Briefcase's links to tables, Kobo's links to media."""
        if heading.startswith("SET-OF-") or "-SET-OF-" in heading:
            return IGNORED
        base = heading.removesuffix("_URL")
        is_link = base != heading and (base in self._known or base in self._own)
        return IGNORED if is_link or heading.startswith("_submission_") else None


def _server_columns(headings: Sequence[str]) -> frozenset[int]:
    """Return where the server's own columns stand; a question may bear the same name."""
    keys = [at for at, heading in enumerate(headings) if heading == KEY]
    if keys:
        tail = min(keys[-1], *(at for at, name in enumerate(headings) if name == PARENT_KEY), 10**6)
        return frozenset(
            at
            for at, heading in enumerate(headings)
            if heading in _CENTRAL and (at >= tail or (at == 0 and heading == "SubmissionDate"))
        )
    return frozenset(
        at
        for at, heading in enumerate(headings)
        if heading in _KOBO or heading.startswith(("_submission__", "_supplementalDetails"))
    )


def _parts(name: str, field: Field) -> Iterable[tuple[str, int]]:
    if field.datatype != "geopoint":
        return
    for part, word in enumerate(_CENTRAL_PARTS):
        yield f"{name}-{word}", part
    group, sign, bare = name.rpartition("/")
    for part, word in enumerate(_KOBO_PARTS):
        yield f"{group}{sign}_{bare}_{word}", part


def _stems(heading: str) -> Iterator[tuple[str, int]]:
    for part, word in enumerate(_CENTRAL_PARTS):
        if heading.endswith(f"-{word}"):
            yield heading.removesuffix(f"-{word}"), part
    for part, word in enumerate(_KOBO_PARTS):
        if heading.startswith("_") and heading.endswith(f"_{word}"):
            yield heading[1:].removesuffix(f"_{word}"), part


def filled_values(
    meant: Sequence[Meaning], cells: Sequence[str]
) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return a row's answers by path, and what it says that no question asks.

    A position written in parts is put together; ticked choices count only where the answer's own
    column is missing or blank.
    """
    told = [(one, text) for one, cell in zip(meant, cells, strict=False) if (text := cell.strip())]
    values: dict[str, str] = {}
    parts: dict[str, list[str]] = {}
    ticked: dict[str, list[str]] = {}
    for one, text in told:
        if one.kind == "field":
            values.setdefault(one.path, text)
        elif one.kind == "part":
            parts.setdefault(one.path, ["", "", "", ""])[one.part] = text
        elif one.kind == "choice" and text.lower() in _TICKED:
            ticked.setdefault(one.path, []).append(one.name)
    for path, names in ticked.items():
        values.setdefault(path, " ".join(names))
    for path, numbers in parts.items():
        if place := _place(*numbers):
            values.setdefault(path, place)
    return values, [(one.name, text) for one, text in told if one.kind == "stranger"]


def _place(latitude: str, longitude: str, altitude: str, accuracy: str) -> str:
    """Return a geopoint as XForms write it, "" without its two coordinates."""
    if not latitude or not longitude:
        return ""
    return f"{latitude} {longitude} {altitude or '0'} {accuracy or '0'}"
