"""What stands on an import's rows by now, so that taking them away would hurt it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from forms.faults import Fault
from server.survey.areas import Scope
from server.survey.registry.changes import Change
from server.survey.registry.stored import groups
from server.tables.projections import Visit
from server.tables.reference import Clinic, Village
from server.tables.truth import PhoneVillage, RegistryImport

OUT_OF_SCOPE = "%(code)s %(name)s lies outside the area of your account."
TOUCHED = "%(code)s %(name)s was changed again by import %(id)s (%(source)s): undo that one first."
HAS_VILLAGES = "Villages in %(code)s %(name)s: %(count)s."
HAS_CLINICS = "Clinics in %(code)s %(name)s: %(count)s."
HAS_PHONES = "Phones that serve %(code)s %(name)s: %(count)s."
HAS_VISITS = "Submissions from %(code)s %(name)s: %(count)s."


def out_of_scope(changes: Sequence[Change], scope: Scope) -> list[Fault]:
    """Return the rows that an account of this scope may not put back."""
    return [
        Fault(OUT_OF_SCOPE, {"code": one.code, "name": one.name})
        for one in changes
        if not one.is_within(scope) and not one.is_above(scope)
    ]


def later_imports(
    session: Session, import_id: int, changes: Sequence[Change], skipped_kind: str
) -> list[Fault]:
    """Return the rows that a later import touched, unless that one was undone."""
    names = {(one.table, one.code): one.name for one in changes}
    query = (
        select(RegistryImport)
        .where(
            RegistryImport.id > import_id,
            RegistryImport.undone_at.is_(None),
            RegistryImport.kind != skipped_kind,
        )
        .order_by(RegistryImport.id)
    )
    return [
        Fault(
            TOUCHED,
            {
                "code": one["code"],
                "name": names[one["table"], one["code"]],
                "id": str(later.id),
                "source": later.source_name,
            },
        )
        for later in session.scalars(query)
        for one in later.changes
        if (one["table"], one["code"]) in names
    ]


def left_behind(session: Session, changes: Sequence[Change]) -> list[Fault]:
    """Return what lies in the rows that an undo would take away, and does not go with them."""
    gone: dict[str, dict[str, str]] = defaultdict(dict)
    for one in changes:
        if one.before is None:
            gone[one.table][one.code] = one.name
    asked: tuple[tuple[str, str, InstrumentedAttribute[Any], InstrumentedAttribute[Any], str], ...]
    asked = (
        (HAS_VILLAGES, "division", Village.township_code, Village.code, "village"),
        (HAS_CLINICS, "division", Clinic.township_code, Clinic.code, "clinic"),
        (HAS_CLINICS, "village", Clinic.village_code, Clinic.code, "clinic"),
        (HAS_PHONES, "village", PhoneVillage.village_code, PhoneVillage.phone_id, "phone"),
        (HAS_VISITS, "village", Visit.village_code, Visit.submission_id, "visit"),
    )
    return [
        Fault(msgid, {"code": code, "name": gone[table][code], "count": str(count)})
        for msgid, table, place, key, kept_table in asked
        for code, count in _counts(session, gone[table], place, key, gone[kept_table])
    ]


def _counts(
    session: Session,
    codes: Collection[str],
    place: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    going: Collection[str],
) -> Iterator[tuple[str, int]]:
    """Yield (code, how many rows name it as their `place`), without the rows that go as well."""
    for some in groups(codes):
        if not going:
            query = select(place, func.count()).where(place.in_(some)).group_by(place)
            yield from ((code, count) for code, count in session.execute(query.order_by(place)))
            continue
        staying: dict[str, int] = defaultdict(int)
        for code, one in session.execute(select(place, key).where(place.in_(some)).order_by(place)):
            staying[code] += one not in going
        yield from ((code, count) for code, count in staying.items() if count)
