"""Pieces of speech of all the calls under way, recognised together in batches.

Whoever hears a call hands its pieces in and waits; pieces of like length and the same language go
through the recogniser side by side, whichever calls they come from. One call alone works too: its
channels and pieces fill the batches.
"""

import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pipelines.transcription.recognition.pieces import together

Result = TypeVar("Result")
Sound = TypeVar("Sound")
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class _Waiting(Generic[Sound, Kind, Result]):
    sound: Sound
    kind: Kind
    length: int
    result: "Future[Result]" = field(default_factory=Future)


class Batches(Generic[Sound, Kind, Result]):
    """Runs ``work`` on batches of what callers of any thread hand in.

    ``work(sounds, kind)`` returns one result for each sound; it runs on ``workers`` threads.
    """

    def __init__(
        self,
        work: Callable[[list[Sound], Kind], Sequence[Result]],
        *,
        workers: int,
        size: int,
        slack: int,
        most: int = sys.maxsize,
    ) -> None:
        """Take up to ``size`` sounds at once, ``most`` long in all.

        ``slack`` as in ``pieces.together``.
        """
        self._work = work
        self._workers, self._size, self._slack, self._most = workers, size, slack, most
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="recogniser")
        self._lock = threading.Lock()
        self._waiting: list[_Waiting[Sound, Kind, Result]] = []
        self._busy = 0

    def run(self, sounds: Sequence[tuple[Sound, int, Kind]]) -> list[Result]:
        """Return the results of the sounds, given with their lengths and kinds, in order.

        Sounds of different kind never share a batch. Raises what ``work`` raises.
        """
        handed = [
            _Waiting[Sound, Kind, Result](sound, kind, length) for sound, length, kind in sounds
        ]
        with self._lock:
            # The longest first: what takes long must not be begun last.
            self._waiting += sorted(handed, key=lambda one: one.length, reverse=True)
        for _ in range(min(len(handed), self._workers)):
            self._threads.submit(self._drain)
        return [one.result.result() for one in handed]

    def _drain(self) -> None:
        while batch := self._next():
            try:
                results = self._work([one.sound for one in batch], batch[0].kind)
                pairs = list(zip(batch, results, strict=True))
            except BaseException as error:  # noqa: BLE001 - handed on to those who wait for it
                for one in batch:
                    one.result.set_exception(error)
            else:
                for one, result in pairs:
                    one.result.set_result(result)
            finally:
                with self._lock:
                    self._busy -= 1

    def _next(self) -> list[_Waiting[Sound, Kind, Result]]:
        with self._lock:
            if not self._waiting:
                return []
            kind = self._waiting[0].kind
            alike = [one for one in self._waiting if one.kind == kind]
            # What waits is shared among the threads that are free, so that none stays idle.
            free = self._workers - self._busy
            share = -(-sum(one.length for one in self._waiting) // free)
            share = min(share, self._most)
            lengths = [one.length for one in alike]
            chosen = together(lengths, self._size, self._slack, share)
            batch = [alike[place] for place in chosen]
            taken = {id(one) for one in batch}
            self._waiting = [one for one in self._waiting if id(one) not in taken]
            self._busy += 1
            return batch
