"""Decrypted records of a form as a zip: a folder each, with submission.xml and its media."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from exports import files
from exports.table import Column, Table
from exports.zip_stream import ZipStream
from forms.encryption import EncryptionFault, SealedFile
from forms.plan import ReadingPlan
from server.survey import decrypted_records
from server.survey.decrypted_records import Fault, ReadRecord, Taking
from server.survey.decryption import Unsealed
from server.survey.site import Site

_FAULTS = (
    Column("instance_id", {"en": "Instance", "zh": "实例"}),
    Column("fault", {"en": "What is wrong", "zh": "问题"}),
)
_ANSWERS = "submission.xml"
_LONGEST_NAME = 120
# Windows takes these for devices, with any ending.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|\Z)", re.IGNORECASE)

# Says a fault in the language of whoever takes the file.
Words = Callable[[Fault], str]


@dataclass
class _Told:
    """The faults met while the zip is written; one record's are told once each."""

    words: Words
    lines: list[tuple[str, str]] = field(default_factory=list)

    def note(self, read: ReadRecord, fault: Fault | None) -> None:
        if fault is not None:
            line = (read.sealed.row.instance_id, self.words(fault))
            if line not in self.lines:
                self.lines.append(line)


def files_zip(site: Site, taking: Taking, words: Words) -> Iterator[bytes]:
    """Return the zip, a piece at a time; `words` says faults in the reader's language.

    A record that cannot be opened has its line in faults.csv and no folder. A damaged file is
    there as far as it could be read, with its line.
    """
    with Session(site.engine) as session:
        found = decrypted_records.encrypted_versions(session, taking.project_id, taking.form_id)
    plans = {version: ReadingPlan(form) for version, form in found.items()}
    archive, told = ZipStream(), _Told(words)
    folders: set[str] = set()
    for read in decrypted_records.read_records(site, taking, plans):
        told.note(read, read.fault)
        if read.unsealed is None or read.fault is not None:
            continue
        folder = _free(_plain(read.sealed.row.instance_id.removeprefix("uuid:")), folders)
        yield from archive.add(f"{folder}/{_ANSWERS}", [read.xml])
        names = {_ANSWERS}
        for file in read.unsealed.opened.media:
            if file.name in read.sealed.come:
                name = _free(_plain(file.plain_name), names)
                yield from archive.add(f"{folder}/{name}", _until_fault(read.unsealed, file))
        told.note(read, read.unsealed.fault())
    if told.lines:
        table = Table("faults", _FAULTS, told.lines)
        yield from archive.add("faults.csv", files.csv(table, taking.language))
    yield from archive.close()


def _until_fault(unsealed: Unsealed, file: SealedFile) -> Iterator[bytes]:
    try:
        yield from unsealed.pieces(file)
    except EncryptionFault:
        return  # Told once, with the whole record's state.


def _plain(name: str) -> str:
    """Return a name that any disk can hold, without folders (openrosa.md J4)."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join("_" if sign in '<>:"|?*' else sign for sign in last if sign.isprintable())
    name = kept.strip(". ")[-_LONGEST_NAME:] or "file"
    return f"_{name}" if _RESERVED.match(name) else name


def _free(name: str, used: set[str]) -> str:
    """Return the name, numbered when it is taken: two names may differ in case alone."""
    stem, dot, ending = name.rpartition(".")
    chosen, number = name, 2
    while chosen.casefold() in used:
        chosen = f"{stem or name}-{number}{dot}{ending if stem else ''}"
        number += 1
    used.add(chosen.casefold())
    return chosen
