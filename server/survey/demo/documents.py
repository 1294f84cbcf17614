"""What all forms of the demo share: the envelope that Collect writes, and how nodes are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from xml.sax.saxutils import escape

from server.survey.demo.illness import Reading
from server.survey.demo.people import Person
from server.survey.demo.places import Place

Nodes = dict[str, object]
"""Answers by node name, in the form's order; None and "" make an empty node."""

_NAMESPACES = (
    'xmlns:orx="http://openrosa.org/xforms" '
    'xmlns:entities="http://www.opendatakit.org/xforms/entities" '
    'xmlns:odk="http://www.opendatakit.org/xforms" xmlns:jr="http://openrosa.org/javarosa" '
    'xmlns:ds="https://doorstep.health/xforms"'
)


@dataclass(slots=True)
class Call:
    """When, where and by whom a form was filled; times are the phone's own, without zone.

    `offset` is the zone's, as in "+08:00". `replaces` is the instance id that an edit replaces.
    """

    instance_id: str
    place: Place
    start: datetime
    end: datetime
    offset: str
    worker: str
    device: str
    phone_id: int
    fix: str
    village_code: str
    received_at: datetime
    replaces: str = ""
    version: str = ""

    @property
    def day(self) -> date:
        """The day on which the form was filled, by the phone's clock."""
        return self.start.date()


def document(
    form_id: str, version: str, call: Call, body: str, name: str, entity: str = ""
) -> bytes:
    times = (
        f"<start>{call.start.isoformat(timespec='milliseconds')}{call.offset}</start>"
        f"<end>{call.end.isoformat(timespec='milliseconds')}{call.offset}</end>"
        f"<today>{call.day}</today><username>{call.worker}</username>"
        f"<deviceid>{call.device}</deviceid>"
    )
    replaced = f"<deprecatedID>{call.replaces}</deprecatedID>" if call.replaces else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id=\"{form_id}\" "
        f'version="{call.version or version}" {_NAMESPACES}>{times}{body}<meta>{entity}'
        f"<instanceID>{call.instance_id}</instanceID>{replaced}"
        f"<instanceName>{escape(name)}</instanceName></meta></data>"
    ).encode()


def entity_block(list_name: str, entity_id: str, verbs: str, label: str = "") -> str:
    told = f"<label>{label}</label>" if label else ""
    return f'<entity dataset="{list_name}" {verbs} id="{entity_id}">{told}</entity>'


def nodes(answers: Mapping[str, object]) -> str:
    return "".join(
        f"<{name}/>" if text is None or text == "" else f"<{name}>{text}</{name}>"
        for name, text in answers.items()
    )


def when(is_asked: bool, **answers: object) -> Nodes:
    """Return the answers to questions that the form shows only then."""
    return answers if is_asked else {}


def words(codes: Iterable[str]) -> str:
    return " ".join(sorted(codes))


def label_of(person: Person) -> str:
    sex = "男" if person.sex == "male" else "女"
    return f"{person.name} {sex} {person.born.year} {person.id_number[14:] or '----'}"


def pressures(reading: Reading) -> Nodes:
    systolic, diastolic = reading.mean
    return {
        "sbp1": reading.first[0],
        "dbp1": reading.first[1],
        **({"sbp2": reading.second[0], "dbp2": reading.second[1]} if reading.second else {}),
        "sbp": systolic,
        "dbp": diastolic,
    }
