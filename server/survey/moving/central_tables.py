"""Submissions as ODK Central's submissions.csv.zip has them: a table for what stands outside
repeats, one for each repeat, streamed. Each table reads the submissions once more.

Columns: getodk/central-backend lib/data/briefcase.js. Where a form has several versions the columns
of all stand side by side, as with Central's `deletedFields=true`.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC

from exports.zip_stream import ZipStream
from forms.answers import Answers, Group
from forms.fields import CompiledForm, Field
from forms.plan import ReadingPlan
from forms.submission import open_envelope, read_answers
from server.survey.moving.kept_answers import KeptAnswers
from server.survey.moving.table_answers import sanitized

HEAD = ("SubmissionDate",)
TAIL = (
    "meta-instanceID", "meta-instanceName", "KEY", "SubmitterID", "SubmitterName",
    "AttachmentsPresent", "AttachmentsExpected", "Status", "ReviewState", "DeviceID", "Edits",
    "FormVersion",
)  # fmt: skip
PARTS = ("Latitude", "Longitude", "Altitude", "Accuracy")
_REVIEWS = {"has_issues": "hasIssues", "approved": "approved", "rejected": "rejected"}
_ROWS_A_PIECE = 200

Walk = Callable[[], Iterator[KeptAnswers]]


class CentralTables:
    """The tables of one form; `versions` by name, the newest last."""

    def __init__(self, form_id: str, versions: Mapping[str, CompiledForm], walk: Walk) -> None:
        """`walk` gives the form's submissions; it is called once for each table."""
        self._form_id = form_id
        self._versions = versions
        self._plans = {name: ReadingPlan(form) for name, form in versions.items()}
        self._walk = walk
        self._fields = _fields(versions)
        self.repeats = list(
            dict.fromkeys(
                path
                for form in reversed(list(versions.values()))
                for path in form.groups
                if path in form.repeats
            )
        )

    def zipped(self) -> Iterator[bytes]:
        """Give the zip's bytes as they come."""
        archive = ZipStream()
        for name, pieces in self.members():
            yield from archive.add(name, pieces)
        yield from archive.close()

    def members(self) -> Iterator[tuple[str, Iterator[bytes]]]:
        """Give each table's file name and its bytes."""
        name = sanitized(self._form_id)
        yield f"{name}.csv", self._root()
        totals = Counter(path.rpartition("/")[2] for path in self.repeats)
        counts: Counter[str] = Counter()
        for path in self.repeats:
            last = path.rpartition("/")[2]
            counts[last] += 1
            number = f"~{counts[last]}" if totals[last] > 1 else ""
            yield f"{name}-{sanitized(last)}{number}.csv", self._repeat(path)

    def _root(self) -> Iterator[bytes]:
        fields = self._fields.get(None, [])
        yield from _csv(
            [*HEAD, *_headings(fields, None), *TAIL],
            (self._root_row(fields, one) for one in self._current()),
        )

    def _root_row(self, fields: Sequence[Field], one: KeptAnswers) -> list[str]:
        answers = self._answers(one)
        cells = [text for field in fields for text in _cells(field, answers)]
        present = {name for name, _, _ in one.files}
        at = one.received_at.astimezone(UTC).isoformat(timespec="milliseconds")
        encrypted = "not decrypted" if answers.is_encrypted else ""
        return [
            at.replace("+00:00", "Z"),
            *cells,
            one.instance_id,
            answers.instance_name,
            one.root_instance_id,
            str(one.phone_id or ""),
            one.phone,
            str(len(present)),
            str(len(present.union(answers.file_names))),
            encrypted,
            _REVIEWS.get(one.review_state, "edited" if one.edits else ""),
            one.device_id,
            str(one.edits),
            one.version,
        ]

    def _repeat(self, path: str) -> Iterator[bytes]:
        fields = self._fields.get(path, [])
        yield from _csv(
            [*_headings(fields, path), "PARENT_KEY", "KEY"],
            (
                [*(text for field in fields for text in _cells(field, group)), parent, key]
                for one in self._current()
                for group, parent, key in self._turns(one, path)
            ),
        )

    def _turns(self, one: KeptAnswers, path: str) -> Iterator[tuple[Group, str, str]]:
        for group in self._answers(one).everywhere():
            if group.scope == path:
                yield (
                    group,
                    _key(one.root_instance_id, self.repeats, path, group.position, 1),
                    _key(one.root_instance_id, self.repeats, path, group.position, 0),
                )

    def _current(self) -> Iterator[KeptAnswers]:
        """Give the newest of each chain; what no version here can read leaves as XML alone."""
        return (one for one in self._walk() if one.is_current and one.version in self._plans)

    def _answers(self, one: KeptAnswers) -> Answers:
        return read_answers(open_envelope(one.xml), self._plans[one.version])


def _key(root: str, repeats: Sequence[str], path: str, position: Sequence[int], outer: int) -> str:
    """Return a row's key as Central writes it: uuid:…/group/member[2]/visit[1].

    With `outer` 1 that of the row around it: of the repeat around, or the submission's own.
    """
    around = [one for one in repeats if path == one or path.startswith(f"{one}/")]
    around.sort(key=len)
    numbers = dict(zip(around, position, strict=False))
    last = around[len(around) - 1 - outer] if len(around) > outer else ""
    steps = last.split("/") if last else []
    parts = [root]
    for at, step in enumerate(steps):
        here = "/".join(steps[: at + 1])
        parts.append(f"{step}[{numbers[here]}]" if here in numbers else step)
    return "/".join(parts)


def _fields(versions: Mapping[str, CompiledForm]) -> dict[str | None, list[Field]]:
    """Return the fields of every table, those of the newest version first."""
    found: dict[str | None, dict[str, Field]] = {}
    for form in reversed(list(versions.values())):
        for field in form.fields:
            found.setdefault(field.repeat, {}).setdefault(field.path, field)
    return {repeat: list(fields.values()) for repeat, fields in found.items()}


def _headings(fields: Sequence[Field], repeat: str | None) -> Iterator[str]:
    for field in fields:
        name = field.path.removeprefix(f"{repeat}/" if repeat else "").replace("/", "-")
        if field.datatype == "geopoint":
            yield from (f"{name}-{part}" for part in PARTS)
        else:
            yield name


def _cells(field: Field, group: Group) -> Sequence[str]:
    text = group.values.get(field.path, "")
    if field.datatype != "geopoint":
        return (text,)
    numbers = text.split()[:4]
    return [*numbers, *[""] * (4 - len(numbers))]


def _csv(headings: Sequence[str], rows: Iterator[list[str]]) -> Iterator[bytes]:
    yield csv_lines([headings])
    several: list[Sequence[str]] = []
    for row in rows:
        several.append(row)
        if len(several) == _ROWS_A_PIECE:
            yield csv_lines(several)
            several.clear()
    yield csv_lines(several)


def csv_lines(rows: Sequence[Sequence[object]]) -> bytes:
    """Return rows as CSV. Nothing is neutralised for spreadsheets: programs read these files."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
