"""One thread that writes for all requests of a process, many requests in one commit.

A commit waits for the disk; ten submissions in one commit wait once (docs/decisions/0005).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine

from server.database import writing

# More in one commit would make the first wait for the last without saving much.
LARGEST_GROUP = 64
# While several send at once, a moment more lets one commit serve more of them.
LINGER_S = 0.001

Work = Callable[[Connection, Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True, eq=False)
class Lane:
    """One kind of writing: the engine, what it does for a group, whether it waits for the disk.

    `work` returns one outcome a job, in order; an outcome that is an exception is raised to
    the one who asked. When `work` itself raises, each job is tried again alone. All lanes of one
    writer have the same engine: what is asked at one moment is written in one commit.
    """

    engine: Engine
    work: Work
    is_durable: bool = True


class Writer:
    """Takes jobs from any thread and writes them in groups, one commit a group."""

    def __init__(self) -> None:
        """Start the thread."""
        self._jobs: queue.SimpleQueue[tuple[Lane, Any, Future[Any]] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def ask(self, lane: Lane, job: Any) -> Future[Any]:
        """Queue a job. Its future is done once the job is committed."""
        answer: Future[Any] = Future()
        self._jobs.put((lane, job, answer))
        return answer

    def stop(self) -> None:
        """Write what is queued, then end the thread."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        had_company = False
        while (first := self._jobs.get()) is not None:
            if had_company:
                time.sleep(LINGER_S)
            group = [first]
            is_last = False
            while len(group) < LARGEST_GROUP and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    is_last = True
                    break
                group.append(following)
            had_company = len(group) > 1
            _write(group)
            if is_last:
                return


_Asked = tuple[Lane, Any, Future[Any]]


def _write(asked: Sequence[_Asked]) -> None:
    """Write a group in one commit, its lanes one after the other; when that fails, each alone."""
    lanes: dict[Lane, list[_Asked]] = {}
    for one in asked:
        lanes.setdefault(one[0], []).append(one)
    is_durable = any(lane.is_durable for lane in lanes)
    done: list[tuple[Future[Any], Any]] = []
    try:
        with writing(asked[0][0].engine, is_durable=is_durable) as connection:
            for lane, jobs in lanes.items():
                outcomes = lane.work(connection, [job for _, job, _ in jobs])
                answers = [answer for _, _, answer in jobs]
                done += zip(answers, outcomes, strict=True)
    except BaseException as error:
        if len(asked) == 1:
            asked[0][2].set_exception(error)
            return
        for one in asked:
            _write([one])
        return
    for answer, outcome in done:
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)
