"""A form as it arrives: a file of any kind or a folder, told apart by content, not by name."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from forms.faults import FormProblem, refuse

# The largest real XLSForms we know are about 2 MB; media ride along in a folder or zip.
MAX_FILE_BYTES = 50_000_000
MAX_EXPANDED_BYTES = 200_000_000
# A workbook's XML is held in memory, at about ten times its size; pictures in it are not read.
MAX_WORKBOOK_BYTES = 64_000_000
MAX_ENTRIES = 2_000

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# Excel before 1997 wrote its stream bare: the first word is BOF of BIFF 2, 3, 4 or 5.
_OLD_EXCEL = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00")

# What zipfile raises on damaged archives, found by feeding it thousands.
_ZIP_TROUBLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)

_SPREADSHEET_NEEDED = "Save it in Excel as .xlsx and send that file."
NO_FORM = "%(name)s is empty: send an XLSForm (.xlsx, .xls, .csv or .md) or a folder of its sheets."
TOO_LARGE = "%(name)s is larger than a form can be (%(limit)s MB, unpacked %(expanded)s MB)."
BROKEN_ZIP = "%(name)s is damaged: it cannot be unpacked. Send it again or save it anew."
ENCRYPTED = "%(name)s is protected by a password: remove the password and send it again."
OPEN_DOCUMENT = "%(name)s is an OpenDocument file. " + _SPREADSHEET_NEEDED
BINARY_WORKBOOK = "%(name)s is a binary workbook (.xlsb). " + _SPREADSHEET_NEEDED
OTHER_OFFICE = "%(name)s is an Office document, but no workbook. " + _SPREADSHEET_NEEDED
WEB_PAGE = "%(name)s is a web page, though its name says otherwise. " + _SPREADSHEET_NEEDED
XML_WORKBOOK = "%(name)s is an XML spreadsheet of 2003. " + _SPREADSHEET_NEEDED
NO_KIND = "%(name)s is no form this program can read. " + _SPREADSHEET_NEEDED


@dataclass(frozen=True, slots=True)
class FormSource:
    """The files of one form by bare name, and the name people know it by (a file's or folder's).

    Beside the form's own file or sheets there may be `mapping.csv` (what its questions mean) and
    files the form shows or chooses from ("villages.csv", "logo.png").
    """

    name: str
    files: Mapping[str, bytes]

    @classmethod
    def of_bytes(cls, name: str, content: bytes, mapping: bytes | None = None) -> FormSource:
        """Return the source of one uploaded file; a zip counts as the folder it holds.

        Raises FormProblem for an archive that is damaged, locked or too large unpacked.
        """
        name = PurePosixPath(name.replace("\\", "/")).name or "form"
        if len(content) > MAX_FILE_BYTES:
            raise _too_large(name)
        files = _unpacked(name, content) if kind_of(name, content) == "zip" else {name: content}
        if mapping is not None:
            files = {**files, "mapping.csv": mapping}
        return cls(name, files)

    @classmethod
    def of_path(cls, path: Path) -> FormSource:
        """Return the source at `path`, a file or a folder. Raises OSError or FormProblem."""
        if not path.is_dir():
            if path.stat().st_size > MAX_FILE_BYTES:
                raise _too_large(path.name)
            return cls.of_bytes(path.name, path.read_bytes())
        inside = sorted(one for one in path.iterdir() if one.is_file())
        total = sum(one.stat().st_size for one in inside)
        if total > MAX_EXPANDED_BYTES or len(inside) > MAX_ENTRIES:
            raise _too_large(path.name)
        return cls(path.resolve().name, {one.name: one.read_bytes() for one in inside})


def kind_of(name: str, content: bytes) -> str:
    """Return what the bytes are: "xlsx", "xls", "xml", "zip" or "text".

    Raises FormProblem, with the way out, for what only looks like a form's file.
    """
    start = content[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise refuse(NO_FORM, name=name)
    if content.startswith(b"PK"):
        return _kind_of_zip(name, content)
    if content.startswith(_OLE2):
        # An encrypted .xlsx is an OLE2 file with a stream of this name (MS-OFFCRYPTO 2.3.4.4).
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise refuse(ENCRYPTED, name=name)
        return "xls"
    if content.startswith(_OLD_EXCEL):
        return "xls"
    if start.startswith(b"<"):
        return _kind_of_markup(name, start)
    if b"\0" in start and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise refuse(NO_KIND, name=name)
    return "text"


def _kind_of_zip(name: str, content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except _ZIP_TROUBLE as error:
        raise refuse(BROKEN_ZIP, name=name) from error
    expanded = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_ENTRIES or expanded > MAX_EXPANDED_BYTES:
        raise _too_large(name)
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" in names:
        if sum(one.file_size for one in entries if ".xml" in one.filename) > MAX_WORKBOOK_BYTES:
            raise _too_large(name)
        return "xlsx"
    if "xl/workbook.bin" in names:
        raise refuse(BINARY_WORKBOOK, name=name)
    if "mimetype" in names and "content.xml" in names:
        raise refuse(OPEN_DOCUMENT, name=name)
    if "[Content_Types].xml" in names:
        raise refuse(OTHER_OFFICE, name=name)
    return "zip"


def _kind_of_markup(name: str, start: bytes) -> str:
    lowered = start.lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in lowered:
        raise refuse(XML_WORKBOOK, name=name)
    # An XForm's outermost element is h:html, so the namespaces decide before the word "html".
    if b"http://www.w3.org/2002/xforms" in lowered:
        return "xml"
    if b"<html" in lowered or b"<!doctype html" in lowered or b"<table" in lowered:
        raise refuse(WEB_PAGE, name=name)
    raise refuse(NO_KIND, name=name)


def _unpacked(name: str, content: bytes) -> dict[str, bytes]:
    """Return the files of a zip by bare name; the sheets' own folder wins over deeper ones."""
    files: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not _is_litter(entry)]
            for entry in sorted(entries, key=lambda one: (one.filename.count("/"), one.filename)):
                if entry.flag_bits & 1:
                    raise refuse(ENCRYPTED, name=name)
                files.setdefault(PurePosixPath(entry.filename).name, archive.read(entry))
    except _ZIP_TROUBLE as error:
        if isinstance(error, FormProblem):
            raise
        raise refuse(BROKEN_ZIP, name=name) from error
    if not files:
        raise refuse(NO_FORM, name=name)
    return files


def _is_litter(entry: zipfile.ZipInfo) -> bool:
    # macOS adds a shadow of every file.
    return entry.is_dir() or "__MACOSX" in entry.filename or entry.filename.endswith(".DS_Store")


def _too_large(name: str) -> FormProblem:
    return refuse(
        TOO_LARGE,
        name=name,
        limit=str(MAX_FILE_BYTES // 1_000_000),
        expanded=str(MAX_EXPANDED_BYTES // 1_000_000),
    )
