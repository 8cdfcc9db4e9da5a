"""A worker that hears calls with a slow recogniser; started by test_hearing_killed.

Arguments: database URL, folder. Each stretch that is heard leaves a file ``heard-<n>`` in the
folder, and waits there for a file ``release`` from the third on.
"""

import sys
import time
from pathlib import Path

from models.session import make_engine
from pipelines import flow, jobs
from pipelines.runtime import RecogniserSettings, Runtime, SystemClock
from pipelines.storage import LocalStorage
from pipelines.transcription.recognition import recogniser
from pipelines.transcription.recognition.recogniser import NO_HINTS, Heard, Hints, Language, Made
from pipelines.transcription.rules import Word
from pipelines.transcription.sound import media


class Slow:
    """Says one word a stretch, the number of seconds it lasts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def made(self) -> Made:
        return Made(model="slow", options={}, versions={})

    def hear(
        self, samples: media.Samples, language: Language | None, hints: Hints = NO_HINTS
    ) -> Heard:
        number = len(list(self.folder.glob("heard-*")))
        assert hints == NO_HINTS
        deadline = time.monotonic() + 60
        while number >= 2 and not (self.folder / "release").exists():
            (self.folder / "waits").touch()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        (self.folder / f"heard-{number}").touch()
        word = Word(f" {samples.shape[1]}", 0, 50, 0.9)
        return Heard(language or Language("en", 0.9), ((word,),), (((0, 90),),))


def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    media.STRETCH_S = 1
    media.SLACK_S = 1
    recogniser.of = lambda *_: Slow(folder)  # type: ignore[assignment]
    runtime = Runtime(
        make_engine(url),
        LocalStorage(folder / "files"),
        folder,
        SystemClock(),
        RecogniserSettings(None, "cpu", "int8", 1),
        b"a key of the tests",
    )
    jobs.run_worker(
        runtime,
        flow.JOBS,
        take_over_seconds=1.0,
        poll_seconds=0.1,
        retry_seconds=0,
        grace_seconds=0,
    )


if __name__ == "__main__":
    main()
