"""What a job or a command needs from its surroundings, handed down rather than looked up."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from models.vocab import MaskKind
from pipelines.storage import Storage


class Clock(Protocol):
    """Tells the time; the only source of "now"."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""


class SystemClock:
    """The machine's own clock, moved by a fixed offset: the demo lives at the time of its data."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        """Keep the offset that is added to the machine's time."""
        self.offset = offset

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC) + self.offset


@dataclass(frozen=True)
class RecogniserSettings:
    """Which recogniser to load and how: a model folder or name, device and compute type.

    ``threads`` are shared by ``workers`` batches side by side; 0 takes a thread for each core and
    a batch for each thread. ``writing`` names the characters in which what is heard in Chinese
    is written: simplified, traditional or as_heard.
    """

    model: str | None
    device: str
    compute_type: str
    threads: int
    writing: str = "simplified"
    workers: int = 0


@dataclass(frozen=True)
class MailSettings:
    """The server that takes mail, and what stands in each: ``security`` is none, starttls or tls.

    ``link`` is the address of this installation, as people reach it.
    """

    host: str
    port: int
    security: str
    user: str
    password: str = field(repr=False)
    sender: str
    link: str


@dataclass(frozen=True)
class Runtime:
    """The surroundings of a run: database, files, clock, recogniser settings.

    ``customer_key`` keys the hashes by which customers' numbers are found. ``masked_kinds`` are the
    kinds of personal data that are hidden. Without ``mail`` none is sent.
    """

    engine: Engine
    storage: Storage
    data_dir: Path
    clock: Clock
    recogniser: RecogniserSettings
    customer_key: bytes
    masked_kinds: frozenset[MaskKind] = frozenset(MaskKind) - {MaskKind.MANUAL}
    mail: MailSettings | None = None


Progress = Callable[[int, int], None]
"""Called with (done, total) while work goes on."""
