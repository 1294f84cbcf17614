"""Who works where and how to reach him: phones by village, with the number to call."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from server.errors import NotValid
from server.survey import phones
from server.survey.areas import Scope
from server.tables.devices import Device
from server.tables.telephones import PhoneNumber
from server.tables.truth import Account, Phone, PhoneVillage

# A telephone number within a name: digits, perhaps in groups.
_NUMBER = re.compile(r"\+?[0-9](?:[ -]?[0-9]){6,14}")


@dataclass(frozen=True, slots=True)
class Worker:
    """Who carries a phone. `telephone` is "" where nobody told it.

    `villages` are the codes of those of the reader's scope; `sent_at` is when something last came
    from the phone, None while nothing has.
    """

    phone_id: int
    name: str
    telephone: str
    villages: tuple[str, ...]
    sent_at: datetime | None


def crew(session: Session, project_id: int, scope: Scope) -> list[Worker]:
    """Return who carries a phone in use that serves villages of `scope`, ordered by name.

    Costs phones, villages and devices, no submission.
    """
    villages = _villages(session, project_id, scope)
    last = select(Device.phone_id, func.max(Device.last_submission_at)).group_by(Device.phone_id)
    sent: dict[int, datetime | None] = dict(session.execute(last).all())
    rows = session.execute(
        select(Phone.id, Phone.name, Account.name, PhoneNumber.number)
        .outerjoin(Account, Account.id == Phone.account_id)
        .outerjoin(PhoneNumber, PhoneNumber.phone_id == Phone.id)
        .where(Phone.project_id == project_id, Phone.revoked_at.is_(None))
        .order_by(Phone.name, Phone.id)
    )
    return [
        Worker(phone_id, *_called(name, account, number), villages[phone_id], sent.get(phone_id))
        for phone_id, name, account, number in rows
        if phone_id in villages
    ]


def by_village(workers: Iterable[Worker]) -> dict[str, list[Worker]]:
    """Return workers by the villages they serve, first who serves the fewest.

    Who goes along everywhere, to audit, is not the one to call about a village.
    """
    serving: dict[str, list[Worker]] = {}
    for one in sorted(workers, key=lambda one: len(one.villages)):
        for code in one.villages:
            serving.setdefault(code, []).append(one)
    return serving


def telephone(session: Session, phone_id: int) -> str:
    """Return the number kept with a phone, "" for none."""
    found = session.get(PhoneNumber, phone_id)
    return found.number if found else ""


def keep_telephone(session: Session, phone_id: int, number: str, scope: Scope) -> None:
    """Keep a number with a phone; "" takes it away. Raises NotValid for what cannot be dialled.

    Raises Missing for a phone that serves no village of `scope`.
    """
    phones.find(session, phone_id, scope)
    dialled = clean(number)
    found = session.get(PhoneNumber, phone_id)
    if found and dialled:
        found.number = dialled
    elif found:
        session.delete(found)
    elif dialled:
        session.add(PhoneNumber(phone_id=phone_id, number=dialled))
    session.flush()


def clean(number: str) -> str:
    """Return a number as it is dialled: 7 to 15 digits (ITU-T E.164), perhaps after a plus."""
    typed = number.strip()
    if typed and not _NUMBER.fullmatch(typed):
        raise NotValid("Write the telephone number in digits, as it is dialled.", "telephone")
    return re.sub(r"[ -]", "", typed)


def _villages(session: Session, project_id: int, scope: Scope) -> Mapping[int, tuple[str, ...]]:
    query: Select[int, str] = (
        select(PhoneVillage.phone_id, PhoneVillage.village_code)
        .join(Phone, Phone.id == PhoneVillage.phone_id)
        .where(Phone.project_id == project_id, scope.where(PhoneVillage.village_code))
        .order_by(PhoneVillage.village_code)
    )
    served: dict[int, tuple[str, ...]] = {}
    for phone_id, code in session.execute(query):
        served[phone_id] = (*served.get(phone_id, ()), code)
    return served


def _called(phone: str, account: str | None, number: str | None) -> tuple[str, str]:
    """Return name and number: the number that is kept, else one that stands in a name."""
    within = _NUMBER.search(phone) or _NUMBER.search(account or "")
    dialled = number or (re.sub(r"[ -]", "", within[0]) if within else "")
    name = _NUMBER.sub("", phone).strip(" -()\uff08\uff09") or account or phone
    return name, dialled
