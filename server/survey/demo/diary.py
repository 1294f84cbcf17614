"""One day of the demo: whose clock stands where, and what the phones sent by the evening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from server.survey.demo.documents import Call
from server.survey.demo.people import an_id
from server.survey.demo.places import Place
from server.survey.files import KeptFile
from server.survey.first_run import PROJECT
from server.survey.intake import Upload

_BEGINS, _LATEST_CALL = time(8, 0), time(19, 0)


@dataclass(frozen=True, slots=True)
class Worker:
    """Who visits, with his phone."""

    name: str
    device: str
    phone_id: int


@dataclass(slots=True)
class Diary:
    """The uploads of one day. `households` counts those visited for the first time."""

    day: date
    zone: ZoneInfo
    households: int = 0
    _sent: list[Upload] = field(default_factory=list)
    _clocks: dict[str, datetime] = field(default_factory=dict)
    _delays: dict[str, timedelta] = field(default_factory=dict)

    def call(
        self,
        random: Random,
        worker: Worker,
        place: Place,
        door: tuple[float, float],
        minutes: float,
        *,
        at_new_door: bool = True,
    ) -> Call:
        """Return a form filled at a door, about `minutes` long, after the worker's last one."""
        begins = datetime.combine(self.day, _BEGINS)
        clock = self._clocks.get(worker.device, begins)
        if at_new_door:
            clock += timedelta(seconds=random.randint(240, 900))
            if clock.time() > _LATEST_CALL:
                clock = begins + timedelta(seconds=random.randint(240, 900))
        start = clock + timedelta(seconds=random.randint(10, 40))
        end = start + timedelta(seconds=int(minutes * random.uniform(45, 80)))
        self._clocks[worker.device] = end
        # Phones send in the evening, when they come to where the link is.
        delay = self._delays.get(worker.device)
        if delay is None:
            delay = timedelta(minutes=random.randint(60, 200))
            self._delays[worker.device] = delay
        latitude, longitude = (part + random.gauss(0, 0.00006) for part in door)
        return Call(
            instance_id=f"uuid:{an_id(random)}",
            place=place,
            start=start,
            end=end,
            offset=start.replace(tzinfo=self.zone).isoformat()[-6:],
            worker=worker.name,
            device=worker.device,
            phone_id=worker.phone_id,
            fix=f"{latitude:.6f} {longitude:.6f} 12.0 {random.uniform(4, 19):.1f}",
            village_code=place.code,
            received_at=(end + delay).replace(tzinfo=self.zone).astimezone(UTC),
        )

    def send(self, call: Call, xml: bytes, files: Sequence[KeptFile] = ()) -> None:
        """Note an upload."""
        self._sent.append(Upload(PROJECT, xml, files, call.phone_id, call.device, call.received_at))

    def uploads(self) -> list[Upload]:
        """Return the day's uploads in the order of receipt; what one phone sent stays in order."""
        return sorted(self._sent, key=lambda upload: upload.received_at)
