"""Which of the files that were brought belongs to which submission."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from lxml import etree

from forms.plan import ReadingPlan
from forms.submission import Envelope, read_answers
from server.survey.moving.contents import Contents
from server.survey.moving.parcel import Piece
from server.survey.moving.tables import told_rows

LONGEST_NAME_BYTES = 255
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_NOT_KEPT_BY_KOBO = re.compile(r"[^-\w.]")


class Media:
    """The files, by where they lie.

    Collect, Briefcase and `move out` lay a submission's files into its own folder; Kobo's zip has
    a folder named after its uuid; Central's has one folder for all submissions of a form.
    """

    def __init__(self, contents: Contents) -> None:
        """Sort the files by folder."""
        answers = Counter(piece.folder for piece in contents.answers)
        alone = {folder for folder, count in answers.items() if count == 1 and folder}
        self._own: dict[str, dict[str, Piece]] = {}
        self._by_uuid: dict[tuple[str, str], Piece] = {}
        self._pool: dict[str, list[Piece]] = {}
        self.used: set[str] = set()
        renamed = _renamed(contents)
        for piece in contents.media:
            if len(piece.name.encode()) > LONGEST_NAME_BYTES:
                continue
            if piece.folder in alone:
                name = renamed.get((piece.folder.rpartition("/")[2], piece.name), piece.name)
                self._own.setdefault(piece.folder, {})[name] = piece
                continue
            for uuid in _UUID.findall(piece.folder):
                self._by_uuid.setdefault((uuid.lower(), piece.name), piece)
            self._pool.setdefault(piece.name, []).append(piece)
        self.clashes = {name for name, pieces in self._pool.items() if _differ(pieces)}

    def files_of(
        self, wanted: Iterable[str], folder: str, instance_id: str
    ) -> tuple[list[tuple[str, Piece]], list[str]]:
        """Return the files found for a submission, and the names of those that are not here.

        All that lies in its own folder is its own, whether the answers name it or not.
        """
        own = self._own.get(folder, {})
        found, missing = list(own.items()), []
        self.used.update(piece.path for piece in own.values())
        for name in (one for one in wanted if one not in own):
            piece = self._find(name, folder, instance_id)
            if piece is None:
                missing.append(name)
            else:
                found.append((name, piece))
                self.used.add(piece.path)
        return found, missing

    def offered(self, folder: str) -> set[str]:
        """Return the names that might be meant by an answer of a submission lying in `folder`."""
        return set(self._own.get(folder, ())) | set(self._pool)

    def _find(self, name: str, folder: str, instance_id: str) -> Piece | None:
        uuid = instance_id.removeprefix("uuid:").lower()
        for said in (name, _NOT_KEPT_BY_KOBO.sub("", name.strip().replace(" ", "_"))):
            piece = self._own.get(folder, {}).get(said) or self._by_uuid.get((uuid, said))
            if piece is not None:
                return piece
            alike = self._pool.get(said, [])
            # Two submissions' files of one name in one folder: nobody can tell whose is which.
            if alike and said not in self.clashes:
                return alike[0]
        return None


def _renamed(contents: Contents) -> dict[tuple[str, str], str]:
    """Return the names that `move out` had to change, by folder and the name it wrote."""
    table = contents.own.get("files.csv")
    if table is None:
        return {}
    rows = told_rows(table, ("folder", "file", "name"))
    return {(row["folder"], row["file"]): row["name"] for row in rows}


def _differ(pieces: list[Piece]) -> bool:
    return len({piece.size for piece in pieces}) > 1 or (
        len(pieces) > 1 and len({piece.read(1 << 30) for piece in pieces}) > 1
    )


def wanted(envelope: Envelope, plan: ReadingPlan | None, offered: set[str]) -> list[str]:
    """Return the names of the files a submission names.

    By its form where that is known; else every answer that is the name of a file that was brought.
    """
    if envelope.is_encrypted or plan is not None:
        names = envelope.file_names if plan is None else read_answers(envelope, plan).file_names
        return list(names)
    return list(dict.fromkeys(text for text in _leaves(envelope.root) if text in offered))


def _leaves(root: etree._Element) -> Iterator[str]:
    for element in root.iter(etree.Element):
        if not len(element) and element.text:
            yield element.text.strip()
