"""Settings: every DOORSTEP_* variable, with its default and its reason."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

VERSION = "0.3.0"
"""The same as in pyproject.toml, and known where doorstep runs without being installed."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Settings:
    """How this site runs.

    `folder` holds everything the site keeps (database, files, secrets). `database` is a
    SQLAlchemy URL. `timezone` names the calendar in which a visit's day is told.
    """

    folder: Path
    database: str
    host: str = "0.0.0.0"  # noqa: S104 - phones come by the machine's address
    port: int = 8080
    workers: int = 0
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    behind_proxies: int = 0
    proxy_addresses: tuple[Network, ...] = ()
    tiles_url: str = ""
    tiles_credit: str = ""
    tiles_crs: str = "wgs84"
    submission_limit_bytes: int = 10_000_000
    body_limit_bytes: int = 2_000_000_000
    silent_days: int = 3
    held_days: int = 5
    access_log_days: int = 0
    oldest_app: str = "2024.3"
    base_map_limit_bytes: int = 1_000_000_000
    pdf_font: str = ""
    address: str = ""
    mail: str = ""
    mail_from: str = ""

    @classmethod
    def read(
        cls,
        environment: Mapping[str, str] | None = None,
        folder: str | None = None,
        database: str | None = None,
    ) -> Settings:
        """Read the environment; `folder` and `database` given on a command line come first.

        DOORSTEP_DATA            the data folder; default ./doorstep-data
        DOORSTEP_DATABASE        SQLAlchemy URL; default SQLite in the data folder
        DOORSTEP_HOST, DOORSTEP_PORT
                                 where to listen; default 0.0.0.0:8080, as phones come by IP address
        DOORSTEP_WORKERS         server processes; default 0 = one for each core, at most 2
        DOORSTEP_TIMEZONE        the site's calendar; default Asia/Shanghai
        DOORSTEP_LANGUAGE        language where the reader's is not known; default zh
        DOORSTEP_BEHIND_PROXIES  how many reverse proxies' X-Forwarded-* headers to trust; default 0
        DOORSTEP_PROXY_ADDRESSES  addresses or networks of those proxies, with commas between;
                                 default none: whoever connects is one
        DOORSTEP_TILES_URL, DOORSTEP_TILES_CREDIT, DOORSTEP_TILES_CRS
                                 a base map by tile URL; default none, as maps work without
        DOORSTEP_SUBMISSION_LIMIT  bytes after which phones split an upload; default 10 MB,
                                 for bad links
        DOORSTEP_BODY_LIMIT      hard limit of one request; default 2 GB, as a video is not split
        DOORSTEP_SILENT_DAYS     days after which a phone that was not heard of is marked; default 3
        DOORSTEP_HELD_DAYS       days after which a change of an entity no longer waits for the one
                                 before it; default 5, as in ODK Central
        DOORSTEP_ACCESS_LOG_DAYS  days the network log is kept, in logs/; default 0: none is written
        DOORSTEP_OLDEST_APP      versions of Collect before this one are marked as old; default
                                 2024.3, as older ones do not change lists without a signal
        DOORSTEP_BASE_MAP_LIMIT  longest base map (MBTiles) in bytes; default 1 GB
        DOORSTEP_PDF_FONT        a TrueType font with Chinese characters to put into PDFs; default
                                 none: the reader's own Song is named
        DOORSTEP_ADDRESS         how people reach the site, for links in messages; default where it
                                 was last served
        DOORSTEP_MAIL            the SMTP server for alerts: smtp://host:25, smtp+tls://name:password@
                                 host:587 or smtps://host:465; default none: nothing is mailed
        DOORSTEP_MAIL_FROM       the address those mails come from
        """
        env = os.environ if environment is None else environment
        where = Path(folder or env.get("DOORSTEP_DATA", "doorstep-data")).expanduser().resolve()
        return cls(
            folder=where,
            database=database
            or env.get("DOORSTEP_DATABASE", "")
            or f"sqlite:///{where / 'doorstep.db'}",
            host=env.get("DOORSTEP_HOST", cls.host),
            port=int(env.get("DOORSTEP_PORT", cls.port)),
            workers=int(env.get("DOORSTEP_WORKERS", cls.workers)),
            timezone=env.get("DOORSTEP_TIMEZONE", cls.timezone),
            language=env.get("DOORSTEP_LANGUAGE", cls.language),
            behind_proxies=int(env.get("DOORSTEP_BEHIND_PROXIES", cls.behind_proxies)),
            proxy_addresses=_networks(env.get("DOORSTEP_PROXY_ADDRESSES", "")),
            tiles_url=env.get("DOORSTEP_TILES_URL", ""),
            tiles_credit=env.get("DOORSTEP_TILES_CREDIT", ""),
            tiles_crs=env.get("DOORSTEP_TILES_CRS", cls.tiles_crs),
            submission_limit_bytes=int(
                env.get("DOORSTEP_SUBMISSION_LIMIT", cls.submission_limit_bytes)
            ),
            body_limit_bytes=int(env.get("DOORSTEP_BODY_LIMIT", cls.body_limit_bytes)),
            silent_days=int(env.get("DOORSTEP_SILENT_DAYS", cls.silent_days)),
            held_days=int(env.get("DOORSTEP_HELD_DAYS", cls.held_days)),
            access_log_days=int(env.get("DOORSTEP_ACCESS_LOG_DAYS", cls.access_log_days)),
            oldest_app=env.get("DOORSTEP_OLDEST_APP", cls.oldest_app),
            base_map_limit_bytes=int(env.get("DOORSTEP_BASE_MAP_LIMIT", cls.base_map_limit_bytes)),
            pdf_font=env.get("DOORSTEP_PDF_FONT", ""),
            address=env.get("DOORSTEP_ADDRESS", ""),
            mail=env.get("DOORSTEP_MAIL", ""),
            mail_from=env.get("DOORSTEP_MAIL_FROM", ""),
        )

    @property
    def zone(self) -> ZoneInfo:
        """The site's calendar."""
        return ZoneInfo(self.timezone)

    @property
    def files(self) -> Path:
        """Where attachments lie, under the SHA-256 of their content."""
        return self.folder / "files"

    @property
    def worker_count(self) -> int:
        """Server processes to start: as told, else one for each core but no more than two."""
        return self.workers or min(2, os.cpu_count() or 1)


def _networks(text: str) -> tuple[Network, ...]:
    """Read addresses and networks; raises ValueError for anything else."""
    return tuple(
        ipaddress.ip_network(one.strip(), strict=False) for one in text.split(",") if one.strip()
    )
