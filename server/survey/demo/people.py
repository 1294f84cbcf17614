"""Invented people: households as a village has them, never a real person's name and number."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from forms.idnumber import check_character
from forms.persons import completed_years

# No place uses this area code, so no such number is anybody's (docs/demo.en.md).
ID_AREA = "990000"
_ORDERS_A_SEX = 499
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
_MALE = "伟强磊军勇涛明超刚平辉建国志文华东海波宁峰鹏斌浩亮"
_FEMALE = "芳娜敏静丽艳娟霞秀英兰桂玲燕红梅玉洁云慧莲萍雪凤琴"
# Sizes of households with their weights: the mean is 3.66 persons (S4-5: 1,110 in 303).
_SIZES = (1, 2, 3, 4, 5, 6, 7)
_SIZE_WEIGHTS = (6, 19, 22, 25, 15, 9, 4)
_KINDS = ("ordinary", "lifted", "poor", "marginal", "new")
_KIND_WEIGHTS = (73, 16, 7, 3, 1)
_CAUSES = ("illness", "disability", "schooling", "labour", "funds", "land")
_CAUSE_WEIGHTS = (46, 14, 12, 12, 10, 6)
_RESIDENCES = ("home", "away_short", "away_long")
_METRES_A_DEGREE = 111_000


@dataclass(slots=True)
class Person:
    """One invented person. `version` counts what forms did to the entity; `age_years` is whole."""

    id: str
    name: str
    sex: str
    born: date
    relation: str
    id_number: str
    residence: str
    nation: str
    disability: str
    is_pregnant: bool = False
    version: int = 1

    def age_on(self, day: date) -> int:
        """The age in completed years."""
        return completed_years(self.born, day)


@dataclass(slots=True)
class Family:
    """One invented household. `latitude` and `longitude` are where its door is."""

    number: str
    key: str
    entity_id: str
    group: str
    kind: str
    cause: str
    phone: str
    latitude: float
    longitude: float
    members: list[Person] = field(default_factory=list)


def stream(seed: int, name: str) -> Random:
    """Return the random numbers of one part of the demo: the same for the same seed."""
    return Random(f"{seed}/{name}")  # noqa: S311 - a demo has no secrets


def an_id(random: Random) -> str:
    """Return a UUID (version 4) of the seed's own random numbers."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


class IdNumbers:
    """Gives resident ID numbers with right check characters, each once."""

    def __init__(self) -> None:
        self._given: dict[tuple[date, str], int] = {}

    def next(self, born: date, sex: str) -> str:
        """Return the next number of this day and sex, "" when the day's are used up."""
        order = self._given.get((born, sex), 0) + 1
        if order > _ORDERS_A_SEX:
            return ""
        self._given[born, sex] = order
        digits = f"{ID_AREA}{born:%Y%m%d}{order * 2 - (sex == 'male'):03d}"
        return digits + check_character(digits)


def a_name(random: Random, sex: str, surname: str = "") -> str:
    """Return a name of two or three characters."""
    given = _MALE if sex == "male" else _FEMALE
    first = surname or random.choice(_SURNAMES)
    return first + random.choice(given) + (random.choice(given) if random.random() < 0.7 else "")


def a_family(
    random: Random, number: str, centre: tuple[float, float], today: date, numbers: IdNumbers
) -> Family:
    """Return a household with its members, the head first, its door within 1 km of `centre`."""
    kind = random.choices(_KINDS, _KIND_WEIGHTS)[0]
    family = Family(
        number=number,
        key=an_id(random),
        entity_id=an_id(random),
        group=f"{random.randint(1, 6)}组",
        kind=kind,
        cause="" if kind == "ordinary" else random.choices(_CAUSES, _CAUSE_WEIGHTS)[0],
        phone=f"1{random.choice('3578')}{random.randint(0, 999_999_999):09d}",
        latitude=centre[0] + random.gauss(0, 260) / _METRES_A_DEGREE,
        longitude=centre[1] + random.gauss(0, 330) / _METRES_A_DEGREE,
    )
    surname = random.choice(_SURNAMES)
    for relation, sex, age in _roles(random, random.choices(_SIZES, _SIZE_WEIGHTS)[0]):
        family.members.append(_person(random, relation, sex, age, surname, today, numbers))
    return family


def _person(
    random: Random,
    relation: str,
    sex: str,
    age: int,
    surname: str,
    today: date,
    numbers: IdNumbers,
) -> Person:
    born = today - timedelta(days=int((age + random.uniform(0.2, 0.9)) * 365.25))
    is_kin = relation in ("head", "child", "grandchild") or (relation == "parent" and sex == "male")
    return Person(
        id=an_id(random),
        name=a_name(random, sex, surname if is_kin else ""),
        sex=sex,
        born=born,
        relation=relation,
        id_number=numbers.next(born, sex) if age > 0 and random.random() < 0.96 else "",
        residence=random.choices(_RESIDENCES, (88, 5, 7) if 18 <= age < 60 else (99, 1, 0))[0],
        nation="hui" if random.random() < 0.02 else "han",
        disability=random.choice(("l2", "l3", "l4")) if random.random() < 0.02 else "none",
        is_pregnant=sex == "female" and 20 <= age <= 38 and random.random() < 0.03,
    )


def _roles(random: Random, size: int) -> list[tuple[str, str, int]]:
    """Return relation, sex and age of each member; parents older than children by 20 at least."""
    is_old = random.random() < (0.54 if size <= 2 else 0.075)
    head_age = random.randint(62, 86) if is_old else random.randint(34, 62)
    head_sex = "male" if random.random() < 0.84 else "female"
    roles = [("head", head_sex, head_age)]
    if size > 1 and random.random() < 0.88:
        spouse = "female" if head_sex == "male" else "male"
        roles.append(("spouse", spouse, max(22, head_age + random.randint(-4, 3))))
    while len(roles) < size:
        roles.append(_further(random, head_age, len(roles)))
    return roles


def _further(random: Random, head_age: int, place: int) -> tuple[str, str, int]:
    sex = random.choice(("male", "female"))
    draw = random.random()
    if place >= 2 and draw < 0.17 and head_age < 66:
        return "parent", sex, min(94, head_age + random.randint(21, 30))
    if place >= 3 and draw > 0.62 and head_age >= 46:
        return "grandchild", sex, random.randint(0, min(17, head_age - 44))
    return "child", sex, max(random.randint(0, 5), head_age - random.randint(21, 31))
