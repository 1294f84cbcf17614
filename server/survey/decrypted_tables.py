"""Decrypted answers of a form as tables: those outside repeats, and a table for each repeat.

Rows are decrypted while a file is written, so memory stays flat and nothing decrypted touches the
disk. A table of a repeat opens the records again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from exports.table import Cell, Column, Kind, Table
from forms.answers import Group
from forms.fields import Field
from forms.labels import words_in
from forms.plan import ReadingPlan
from forms.values import read_integer, read_number
from server.errors import Missing
from server.survey import decrypted_records
from server.survey.decrypted_records import ReadRecord, Taking
from server.survey.form_versions import NO_FORM
from server.survey.site import Site

_KINDS: dict[str, Kind] = {"int": "integer", "decimal": "decimal"}
_STATES = {
    "whole": {"en": "whole", "zh": "完整"},
    "missing_file": {"en": "files still on the phone", "zh": "有文件还在手机上"},
    "damaged_file": {"en": "a file is damaged", "zh": "有文件损坏"},
    "bad_signature": {"en": "changed on the way", "zh": "途中被改动"},
    "other_key": {"en": "encrypted for another key", "zh": "用另一把密钥加密"},
    "version_unknown": {"en": "form version not known here", "zh": "这里没有这个表单版本"},
}
_UNREADABLE = {"en": "cannot be read", "zh": "无法读取"}
_ABOUT = (
    Column("number", {"en": "Submission", "zh": "提交"}, "integer"),
    Column("instance_id", {"en": "Instance", "zh": "实例"}, width=20),
    Column("received_at", {"en": "Received", "zh": "收到时间"}, "instant"),
    Column("sent_by", {"en": "Sent by", "zh": "发送者"}),
    Column("version", {"en": "Form version", "zh": "表单版本"}),
    Column("state", {"en": "State", "zh": "状态"}, width=24),
)
_WITHIN = (
    Column("instance_id", {"en": "Instance", "zh": "实例"}, width=20),
    Column("position", {"en": "Number", "zh": "序号"}),
)


def tables(site: Site, taking: Taking) -> list[Table]:
    """Return the tables of a taking; their rows are decrypted while they are walked.

    Raises Missing for a form without an encrypted version.
    """
    return _Sheets(site, taking).tables()


class _Sheets:
    """What the tables of one taking share: the form's versions and their plans."""

    def __init__(self, site: Site, taking: Taking) -> None:
        self._site = site
        self._taking = taking
        with Session(site.engine) as session:
            found = decrypted_records.encrypted_versions(session, taking.project_id, taking.form_id)
        if not found:
            raise Missing(NO_FORM, form_id=taking.form_id)
        self._forms = list(found.values())
        self._plans = {version: ReadingPlan(form) for version, form in found.items()}

    def tables(self) -> list[Table]:
        fields = self._fields("")
        columns = (*_ABOUT, *map(_column, fields))
        made = [Table(self._forms[0].title, columns, self._rows(fields))]
        for path in dict.fromkeys(path for form in self._forms for path in form.repeats):
            inside = self._fields(path)
            labels = next(form.groups[path] for form in self._forms if path in form.groups)
            title = words_in(labels, self._taking.language) or path.rpartition("/")[2]
            columns = (*_WITHIN, *map(_column, inside))
            made.append(Table(title, columns, self._repeat_rows(path, inside)))
        return made

    def _fields(self, scope: str) -> list[Field]:
        """Return the fields of one scope, of all versions, the newest version's first."""
        found: dict[str, Field] = {}
        for form in self._forms:
            for field in form.fields:
                if (field.repeat or "") == scope and field.kind != "note":
                    found.setdefault(field.path, field)
        return list(found.values())

    def _rows(self, fields: Sequence[Field]) -> Iterator[Sequence[Cell]]:
        zone = self._site.settings.zone
        for read in decrypted_records.read_records(self._site, self._taking, self._plans):
            row = read.sealed.row
            state = _STATES.get(_state(read), _UNREADABLE)[self._taking.language]
            answers = _cells(read.answers, fields) if read.answers else [None] * len(fields)
            yield (
                row.id,
                row.instance_id,
                row.received_at.astimezone(zone),
                read.sealed.sent_by,
                row.version,
                state,
                *answers,
            )

    def _repeat_rows(self, path: str, fields: Sequence[Field]) -> Iterator[Sequence[Cell]]:
        for read in decrypted_records.read_records(self._site, self._taking, self._plans):
            for group in read.answers.everywhere() if read.answers else ():
                if group.scope == path:
                    position = ".".join(map(str, group.position))
                    yield (read.sealed.row.instance_id, position, *_cells(group, fields))


def _state(read: ReadRecord) -> str:
    if read.fault is not None or read.unsealed is None:
        return read.fault.code if read.fault else ""
    if read.answers is None:
        return "version_unknown"
    fault = read.unsealed.fault()
    return fault.code if fault else "whole"


def _column(field: Field) -> Column:
    labels = {code: words for code in ("zh", "en") if (words := words_in(field.labels, code))}
    return Column(field.path, labels, _KINDS.get(field.datatype, "text"), is_personal=True)


def _cells(group: Group, fields: Sequence[Field]) -> list[Cell]:
    return [_cell(field, group.values.get(field.path, "")) for field in fields]


def _cell(field: Field, text: str) -> Cell:
    """Return a number where the form asks one and the answer is one, else the answer as it is."""
    if field.datatype == "int":
        whole = read_integer(text)
        return text or None if whole is None else whole
    if field.datatype == "decimal":
        number = read_number(text)
        return text or None if number is None else number
    return text or None
