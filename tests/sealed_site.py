"""A site with an encrypted form, and phones that send to it: only what a test does not say."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from sqlalchemy.orm import Session

from server.database import writing_session
from server.survey import encryption_keys, files, form_encryption, form_versions, intake
from server.survey.files import KeptFile
from server.survey.intake import Receipt, Upload
from server.survey.site import Site
from server.tables.reference import Village
from tests import phone_site
from tests.builders import RECEIVED_AT
from tests.phone_site import HERE, VILLAGES
from tests.sealing import SealedUpload, a_pair, seal

FORM = """
| survey |
| | type | name | label::English (en) | label::中文 (zh) | bind::ds:concept |
| | text | village | Village | 村 | visit.village |
| | text | pname | Name | 姓名 | person.name |
| | integer | age | Age | 年龄 | |
| | image | photo | Photo | 照片 | |
| | begin_repeat | child | Child | 孩子 | |
| | text | cname | Child's name | 孩子姓名 | |
| | end_repeat | | | | |
| settings |
| | form_id | version | form_title | namespaces |
| | sealed | 1 | Sealed | ds="https://doorstep.health/xforms" |
"""


def open_sealed(site: Site) -> int:
    """Add the villages, the form and its key; switch the form. Returns the key's id."""
    with writing_session(site.engine) as session:
        for code, name in VILLAGES.items():
            if session.get(Village, code) is None:
                session.add(Village(code=code, name=name, township_code=f"{code[:9]}000"))
        phone_site.publish(session, FORM)
        key = encryption_keys.add(session, 1, "County", "the river song", a_pair(), "Li")
        form_encryption.switch_on(session, 1, "sealed", key.id, "Li")
    return key.id


def answers_xml(
    site: Site,
    instance: str,
    name: str = "王小一",
    *,
    village: str = HERE,
    photos: tuple[str, ...] = (),
    children: tuple[str, ...] = (),
) -> bytes:
    """Return the answers before they are sealed."""
    pictures = "".join(f"<photo>{escape(one)}</photo>" for one in photos)
    below = "".join(f"<child><cname>{escape(one)}</cname></child>" for one in children)
    return (
        f'<data id="sealed" version="{version_of(site)}" xmlns:orx="http://openrosa.org/xforms">'
        f"<village>{village}</village><pname>{escape(name)}</pname><age>47</age>{pictures}{below}"
        f"<orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"
    ).encode()


def version_of(site: Site) -> str:
    """Return the encrypted form's version text."""
    with Session(site.engine) as session:
        return form_versions.needed_version(session, 1, "sealed").version


def sealed(
    site: Site, instance: str, answers: bytes, media: Mapping[str, bytes] | None = None
) -> SealedUpload:
    """Seal answers as the form's phones do."""
    return seal(
        a_pair().public,
        answers,
        media,
        form_id="sealed",
        version=version_of(site),
        instance=instance,
    )


def send(site: Site, sent: SealedUpload, phone_id: int | None = None) -> Receipt:
    """Post an envelope with the files that are left in it."""
    kept: list[KeptFile] = [
        files.keep(site.settings.files, name, content) for name, content in sent.files.items()
    ]
    return intake.receive(site, Upload(1, sent.xml, kept, phone_id, "collect:test", RECEIVED_AT))
