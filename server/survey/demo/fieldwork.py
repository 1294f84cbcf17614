"""Sixty days of visits, day by day: who went where, what was found, what the phones sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from forms.clues import screening_clues
from server.survey.demo import audits, faults, followups, illness, rosters, screenings
from server.survey.demo.diary import Diary, Worker
from server.survey.demo.documents import Call
from server.survey.demo.illness import CHRONIC, Condition
from server.survey.demo.people import Family, IdNumbers, Person, a_family, stream
from server.survey.demo.places import Place, Plan
from server.survey.files import KeptFile
from server.survey.intake import Upload

FIRST_DAY, LAST_DAY = 60, 2
# What a household answers, call by call, and how often that is so, in percent.
_COURSES = (
    ("met",),
    ("absent", "met"),
    ("absent", "absent", "met"),
    ("absent", "absent", "absent"),
    ("absent",),
    ("refused",),
    ("vacated",),
)
_COURSE_WEIGHTS = (81, 6, 2, 2, 2, 4, 3)
_DAYS_BETWEEN_CALLS = 3
# Persons whose disease is found early are seen again after the first batch: it differs then.
_SEEN_AGAIN = 6
_SERVED = 936


@dataclass(frozen=True, slots=True)
class Ground:
    """What the visits need of the site: workers by number, clinics' entity ids by their code.

    `versions` are those of the published forms; `photos` a house, a paper and a signature.
    """

    plan: Plan
    workers: Sequence[Worker]
    auditor: Worker
    clinics: Mapping[str, str]
    versions: Mapping[str, str]
    photos: tuple[KeptFile, KeptFile, KeptFile]
    zone: ZoneInfo
    today: date
    seed: int


@dataclass(frozen=True, slots=True)
class Day:
    """What the phones sent of one day, in the order of receipt.

    `households` counts those visited for the first time; after the day that `ends_half`, half of
    all were.
    """

    uploads: Sequence[Upload]
    households: int
    ends_half: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A person with something found, to be seen again."""

    place: Place
    family: Family
    person: Person
    condition: Condition


class Fieldwork:
    """Gives the days of a demo, the oldest first. All that is drawn comes of the seed."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._numbers = IdNumbers()
        self._random = {place.code: stream(ground.seed, place.code) for place in ground.plan.places}
        self._planned = _planned(ground.plan)
        self._audits: dict[int | None, list[Place]] = defaultdict(list)
        for number, place in enumerate(ground.plan.places):
            self._audits[audits.days_ago(number)].append(place)
        self._again: dict[int, list[tuple[Place, Family, tuple[str, ...]]]] = defaultdict(list)
        self._followups: dict[int, list[_Found]] = defaultdict(list)
        self._second_looks: dict[int, list[_Found]] = {}
        self._major: list[_Found] = []
        self._planted: dict[str, tuple[Call, Family]] = {}
        self._diary = Diary(ground.today, ground.zone)

    @property
    def households(self) -> int:
        """How many households are visited in all."""
        return sum(place.goal for place in self._ground.plan.places) + len(faults.PLANTED)

    def days(self) -> Iterator[Day]:
        """Give the days, the oldest first."""
        visited = 0
        has_halved = False
        for days_ago in (audits.LONG_AGO, *range(FIRST_DAY, LAST_DAY - 1, -1)):
            day = self._ground.today - timedelta(days=days_ago)
            self._diary = Diary(day, self._ground.zone)
            self._work(days_ago)
            visited += self._diary.households
            ends_half = not has_halved and visited * 2 >= self.households and days_ago > LAST_DAY
            has_halved |= ends_half
            yield Day(self._diary.uploads(), self._diary.households, ends_half)
            if ends_half:
                self._second_looks[days_ago - 1] = self._major

    def _work(self, days_ago: int) -> None:
        for place in self._audits[days_ago]:
            self._audit(place)
        for place, number in self._planned.pop(days_ago, ()):
            self._visit_new(place, f"{place.code[-3:]}{number:04d}", days_ago)
        for place, family, course in self._again.pop(days_ago, ()):
            self._visit(place, family, course, days_ago)
        for found in self._followups.pop(days_ago, ()):
            self._follow_up(found)
        for number, found in enumerate(self._second_looks.pop(days_ago, ())):
            self._look_again(number, found)
        self._go_wrong(days_ago)

    def _go_wrong(self, days_ago: int) -> None:
        for fault in faults.PLANTED:
            if fault.days_ago == days_ago:
                self._plant(fault)
            elif fault.name == "edited" and fault.days_ago - 1 == days_ago:
                self._edit()

    def _visit_new(self, place: Place, number: str, days_ago: int) -> None:
        course = self._random[place.code].choices(_COURSES, _COURSE_WEIGHTS)[0]
        self._diary.households += 1
        self._visit(place, self._family(place, number), course, days_ago)

    def _visit(self, place: Place, family: Family, course: tuple[str, ...], days_ago: int) -> None:
        """Call at a household; come again on a later day, as long as the course says so."""
        outcome, later = course[0], course[1:]
        is_met = outcome == "met"
        call = self._call(place, family, 9 if is_met else 3)
        if place.worker == self._ground.plan.short_worker:
            call.end = call.start + timedelta(seconds=self._random[place.code].randint(20, 50))
        self._send_roster(call, family, "met" if outcome == "refused" else outcome, is_met)
        if is_met:
            self._screen_all(place, family, days_ago)
        if later and days_ago - _DAYS_BETWEEN_CALLS >= LAST_DAY:
            self._again[days_ago - _DAYS_BETWEEN_CALLS].append((place, family, later))

    def _screen_all(self, place: Place, family: Family, days_ago: int) -> None:
        random = self._random[place.code]
        for person in family.members:
            is_away = person.residence == "away_long"
            if random.random() < (0.5 if is_away else 0.1):
                continue
            draw = random.random()
            if is_away or draw < 0.05:
                state = "absent" if is_away or draw < 0.03 else "refused"
                self._screen(place, family, person, state, None)
                continue
            found = _Found(place, family, person, self._examine(place, person))
            self._screen(place, family, person, "done", found.condition)
            self._note(found, days_ago)

    def _examine(self, place: Place, person: Person) -> Condition:
        plan = self._ground.plan
        return illness.examine(
            self._random[place.code],
            person.sex,
            self._diary.day.year - person.born.year,
            many_sick=place.code == plan.many_sick.code,
            round_numbers=place.worker == plan.round_worker,
        )

    def _note(self, found: _Found, days_ago: int) -> None:
        """Remember who comes for a follow-up, and whose disease is to be looked at again."""
        random = self._random[found.place.code]
        said = found.condition.answers
        if CHRONIC & said.reported and random.random() < 0.6:
            due = days_ago - random.randint(10, 24)
            if due >= LAST_DAY:
                self._followups[due].append(found)
        if len(self._major) < _SEEN_AGAIN and not CHRONIC.issuperset(screening_clues(said)):
            self._major.append(found)

    def _screen(
        self,
        place: Place,
        family: Family,
        person: Person,
        state: str,
        condition: Condition | None,
        paper_share: float = 0.5,
    ) -> None:
        random = self._random[place.code]
        call = self._call(place, family, 7, at_new_door=False)
        paper = self._ground.photos[1]
        told = condition.answers.reported - CHRONIC if condition else frozenset()
        files = (paper,) if told and random.random() < paper_share else ()
        version = self._ground.versions["disease_screening"]
        photo = paper.name if files else ""
        xml = screenings.screening_xml(
            call, version, person, family, state, condition, random, photo
        )
        person.version += 1
        self._diary.send(call, xml, files)

    def _look_again(self, number: int, found: _Found) -> None:
        """Screen once more: the first has moved, the second died, the others bring a paper."""
        place, family, person = found.place, found.family, found.person
        if number < 2:
            self._screen(place, family, person, ("moved", "dead")[number], None)
            return
        age = self._diary.day.year - person.born.year
        disease = "childhood_chd" if age <= 14 else "gastric_cancer"
        said = found.condition.answers
        said = replace(said, reported=said.reported | {disease})
        condition = replace(found.condition, answers=said)
        self._screen(place, family, person, "done", condition, paper_share=1)

    def _follow_up(self, found: _Found) -> None:
        random = self._random[found.place.code]
        is_round = found.place.worker == self._ground.plan.round_worker
        way = random.choices(("clinic", "home", "phone"), (55, 38, 7))[0]
        call = self._call(found.place, found.family, 8)
        signature = self._ground.photos[2]
        xml = followups.followup_xml(
            call,
            self._ground.versions["chronic_followup"],
            found.person,
            found.condition,
            illness.a_reading(random, random.random() < 0.35, is_round),
            way,
            signature.name,
            random,
        )
        found.person.version += 1
        self._diary.send(call, xml, () if way == "phone" else (signature,))

    def _audit(self, place: Place) -> None:
        random = self._random[place.code]
        auditor, (front, _, signature) = self._ground.auditor, self._ground.photos
        call = self._diary.call(random, auditor, place, place.clinic, 70)
        items, has_own_doctor = audits.findings(random)
        xml = audits.audit_xml(
            call,
            self._ground.versions["clinic_audit"],
            self._ground.clinics[place.clinic_code],
            items,
            place.persons or _SERVED,
            has_own_doctor=has_own_doctor,
            photos=(front.name, signature.name),
        )
        self._diary.send(call, xml, (front, signature))

    def _plant(self, fault: faults.Fault) -> None:
        plan = self._ground.plan
        place = plan.other_faults if fault.is_elsewhere else plan.faults
        family = self._family(place, f"{place.code[-3:]}{fault.number}")
        head = family.members[0]
        head.id_number = head.id_number or self._numbers.next(head.born, head.sex)
        twin = self._planted.get("same_id")
        faults.spoil_family(fault.name, family, twin[1] if twin else None)
        call = self._call(place, family, 9)
        faults.spoil_call(fault.name, call, family)
        self._planted[fault.name] = call, family
        self._diary.households += 1
        self._send_roster(call, family, "met", consents=True)

    def _edit(self) -> None:
        """Send the last planted household again, mended by its worker: another telephone number."""
        first, family = self._planted["edited"]
        family.phone = family.phone[:-4] + "0000"
        call = self._call(first.place, family, 9)
        call.replaces = first.instance_id
        self._send_roster(call, family, "met", consents=True)

    def _family(self, place: Place, number: str) -> Family:
        centre = place.latitude, place.longitude
        return a_family(self._random[place.code], number, centre, self._diary.day, self._numbers)

    def _call(
        self, place: Place, family: Family, minutes: float, *, at_new_door: bool = True
    ) -> Call:
        worker = self._ground.workers[place.worker]
        door = family.latitude, family.longitude
        random = self._random[place.code]
        return self._diary.call(random, worker, place, door, minutes, at_new_door=at_new_door)

    def _send_roster(self, call: Call, family: Family, outcome: str, consents: bool) -> None:
        consent = ("yes" if consents else "no") if outcome == "met" else ""
        version = self._ground.versions["household_roster"]
        self._diary.send(call, rosters.roster_xml(call, version, family, outcome, consent))


def _planned(plan: Plan) -> dict[int, list[tuple[Place, int]]]:
    """Return the first visits by days ago: each village's households spread over its days."""
    planned: dict[int, list[tuple[Place, int]]] = defaultdict(list)
    for place in plan.places:
        days = place.first_day - place.last_day + 1
        for number in range(place.goal):
            planned[place.first_day - days * number // place.goal].append((place, number + 1))
    return planned
