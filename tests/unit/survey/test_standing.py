from __future__ import annotations

from sqlalchemy.orm import Session

from server.survey import intake
from server.survey.site import Site
from server.survey.standing import standing
from tests.builders import a_member, an_upload, roster_xml


def test_a_site_tells_what_became_of_its_submissions(site: Site, session: Session) -> None:
    intake.receive(site, an_upload(roster_xml("uuid:a", members=[a_member()])))
    intake.receive(site, an_upload(roster_xml("uuid:b", version="1999")))

    told = standing(session, site)

    assert (told["submissions"], told["projected"], told["parked"]) == (2, 1, 1)
    assert (told["waiting"], told["failed"], told["persons"], told["forms"]) == (0, 0, 1, 4)
