"""A county's own form, mapped as docs/concepts tells, feeds coverage, outliers and lists."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import indicators, intake, publishing, submissions
from server.survey.areas import WHOLE_SITE
from server.survey.site import Site
from server.survey.submissions import Wanted
from server.tables.projections import Household, Measurement, Person
from server.tables.reference import Village
from tests.builders import RECEIVED_AT, VILLAGE

DOCS = Path(__file__).parents[3] / "docs"
FORM = """
| survey |
| | type | name | label |
| | select_one_from_file villages.csv | cun | 村 |
| | text | hubian | 户编号 |
| | select_one jieguo | jg | 结果 |
| | geopoint | wz | 位置 |
| | begin_repeat | ren | 家庭成员 |
| | text | xm | 姓名 |
| | select_one xb | xb | 性别 |
| | integer | csnf | 出生年份 |
| | integer | gy | 收缩压 |
| | end_repeat | | |
| choices |
| | list_name | name | label |
| | jieguo | 1 | 已完成 |
| | jieguo | 2 | 拒绝 |
| | jieguo | 3 | 无人 |
| | xb | 1 | 男 |
| | xb | 2 | 女 |
| settings |
| | form_id | version |
| | county | 1 |
"""


def mapping_of(language: str) -> bytes:
    """Return the last mapping that the page on concepts shows."""
    page = (DOCS / f"concepts.{language}.md").read_text("utf-8")
    shown: list[str] = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    return shown[-1].encode()


def visit(number: str, outcome: str, fix: str = "38.1 116.9 0 8", people: str = "") -> bytes:
    return (
        f'<data id="county" version="1"><cun>{VILLAGE}</cun><hubian>{number}</hubian>'
        f"<jg>{outcome}</jg><wz>{fix}</wz>{people}"
        f"<meta><instanceID>uuid:{number}-{outcome}</instanceID></meta></data>"
    ).encode()


def person(name: str, sex: str, year: int, systolic: int) -> str:
    return f"<ren><xm>{name}</xm><xb>{sex}</xb><csnf>{year}</csnf><gy>{systolic}</gy></ren>"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_example_of_the_docs_counts_like_a_shipped_form(
    site: Site, session: Session, language: str
) -> None:
    with writing_session(site.engine) as writing:
        publishing.publish(writing, 1, "county.md", FORM.encode(), "Li", mapping_of(language))
        writing.add(
            Village(
                code=VILLAGE,
                name="高川村",
                township_code="130921211000",
                latitude=38.1,
                longitude=116.9,
                households=4,
            )
        )
    family = person("王小一", "2", 1950, 152) + person("李小二", "1", 1948, 300)
    uploads = (visit("A1", "1", people=family), visit("A2", "2"), visit("A3", "3", "39.5 116.9"))

    for number, xml in enumerate(uploads):
        at = RECEIVED_AT + timedelta(minutes=number)
        intake.receive(site, intake.Upload(1, xml, (), None, "", at))

    (village,) = indicators.coverage_by_village(session, WHOLE_SITE, date(2026, 11, 21))
    people = session.scalars(select(Person).order_by(Person.birth_year)).all()
    pressures = session.scalars(select(Measurement.value).order_by(Measurement.value)).all()
    far = submissions.page(session, 1, WHOLE_SITE, Wanted(flag="far_from_village")).lines
    assert (village.households_completed, village.households_refused) == (1, 1)
    assert village.households_seen == 3
    assert village.persons_registered == 2
    assert [(one.name, one.sex) for one in people] == [("李小二", "male"), ("王小一", "female")]
    assert pressures == [152, 300]
    assert [one.id for one in far] == [3]
    assert ("measure_impossible", 1) in submissions.flag_counts(session, WHOLE_SITE)
    assert len(session.scalars(select(Household)).all()) == 3
