"""``hearback doctor``: what this installation has and lacks."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from pipelines.outcomes import DomainError
from pipelines.runtime import Runtime
from qa_app.cli.context import runtime

LEAST_FREE_BYTES = 1 << 30
MEMORY_BYTES = 700 << 20
MEMORY_PER_BATCH_BYTES = 400 << 20
"""Roughly what hearing with the base model takes: weights and a long call, and each batch."""
CODECS = ("pcm_mulaw", "pcm_alaw", "mp3", "flac", "opus", "aac", "gsm", "amrnb", "adpcm_ima_wav")
_CJK_FONTS = ("wqy", "noto*cjk", "sourcehan", "pingfang", "msyh", "simsun")
_FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. ``needed``: without it the product does not do its work."""

    name: str
    fine: bool
    says: str
    needed: bool = True


@click.command(epilog="Example: hearback doctor --json")
@click.option("--json", "as_json", is_flag=True, help="Prints one JSON object.")
def command(as_json: bool) -> None:  # noqa: FBT001 - click passes flags by name
    """Look at database, schema, weights, disk, fonts and codecs. Exit code 1: something lacks."""
    findings = list(examine(runtime(current=False)))
    healthy = all(finding.fine for finding in findings if finding.needed)
    if as_json:
        click.echo(json.dumps({"healthy": healthy, "findings": [asdict(f) for f in findings]}))
    else:
        for finding in findings:
            mark = "ok  " if finding.fine else "LACK" if finding.needed else "note"
            click.echo(f"{mark}  {finding.name}: {finding.says}")
    sys.exit(0 if healthy else 1)


def examine(surroundings: Runtime) -> Iterator[Finding]:
    """Yield a finding per thing that the installation needs."""
    looks: list[tuple[str, Callable[[Runtime], Finding]]] = [
        ("database", _database),
        ("schema", _schema),
        ("job engine", _engine),
        ("weights", _weights),
        ("voices", _voices),
        ("disk", _disk),
        ("memory", _memory),
        ("codecs", _codecs),
        ("fonts", _fonts),
    ]
    for name, look in looks:
        try:
            yield look(surroundings)
        except DomainError as error:
            from qa_app.messages import sentence

            yield Finding(name, fine=False, says=sentence(error))
        except Exception as error:  # noqa: BLE001 - an examination goes on whatever it meets
            yield Finding(name, fine=False, says=f"{type(error).__name__}: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else "no message"


def _database(surroundings: Runtime) -> Finding:
    from sqlalchemy import text

    with surroundings.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return Finding("database", fine=True, says=surroundings.engine.url.render_as_string())


def _schema(surroundings: Runtime) -> Finding:
    from models import schema

    here, newest = schema.current_revision(surroundings.engine), schema.head_revision()
    if here == newest:
        return Finding("schema", fine=True, says=f"at {here}")
    return Finding(
        "schema",
        fine=False,
        says=f"at {here or 'nothing'}, newest is {newest}; run: hearback db upgrade",
    )


def _engine(surroundings: Runtime) -> Finding:
    from pipelines import jobs

    if jobs.engine_is_ready(surroundings.engine):
        return Finding("job engine", fine=True, says="its tables are there")
    return Finding("job engine", fine=False, says="no tables; run: hearback db upgrade")


def _weights(surroundings: Runtime) -> Finding:
    from pipelines.transcription.recognition import weights

    found = weights.find(surroundings.recogniser, surroundings.data_dir)
    return Finding("weights", fine=True, says=f"{found.name} in {found.source}")


def _voices(_surroundings: Runtime) -> Finding:
    from pipelines.transcription.sound import voices

    path = voices.installed()
    missing = (
        "not told apart where one channel carries everybody. Install the extra 'voices' (pip "
        "install 'hearback[voices]'), or its weights alone (pip install --no-deps resemblyzer)"
    )
    says = f"told apart with {path}" if path else missing
    return Finding("voices", fine=path is not None, says=says, needed=False)


def _disk(surroundings: Runtime) -> Finding:
    folders = [surroundings.data_dir]
    database = surroundings.engine.url.database
    if surroundings.engine.dialect.name == "sqlite" and database:
        folders.append(Path(database).parent)
    free = {shutil.disk_usage(folder).free: folder for folder in folders}
    least = min(free)
    says = f"{least / (1 << 30):.1f} GB free in {free[least]}"
    if least < LEAST_FREE_BYTES:
        says += "; free some space before the queue has to wait for it"
    return Finding("disk", fine=least >= LEAST_FREE_BYTES, says=says)


def _memory(surroundings: Runtime) -> Finding:
    """Compare free memory with what hearing takes: the weights, and a batch for each thread."""
    available = _available_memory()
    if available is None:
        return Finding("memory", fine=True, says="not known on this system", needed=False)
    batches = surroundings.recogniser.workers or surroundings.recogniser.threads or os.cpu_count()
    needs = MEMORY_BYTES + (batches or 1) * MEMORY_PER_BATCH_BYTES
    says = f"{available / (1 << 30):.1f} GB free; hearing takes about {needs / (1 << 30):.1f} GB"
    if available < needs:
        says += "; set HEARBACK_WHISPER_WORKERS=1 or give the machine more"
    return Finding("memory", fine=available >= needs, says=says, needed=False)


def _available_memory() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(found[0]) * 1024 if found else None


def _codecs(_surroundings: Runtime) -> Finding:
    import av
    import av.codec

    missing = [name for name in CODECS if name not in av.codec.codecs_available]
    says = f"cannot read {', '.join(missing)}" if missing else f"reads {', '.join(CODECS)}"
    return Finding("codecs", fine=not missing, says=says)


def _fonts(_surroundings: Runtime) -> Finding:
    for folder in _FONT_FOLDERS:
        for path in Path(folder).expanduser().rglob("*"):
            if any(path.name.lower().startswith(name.partition("*")[0]) for name in _CJK_FONTS):
                return Finding("fonts", fine=True, says=f"Chinese: {path.name}", needed=False)
    return Finding(
        "fonts",
        fine=False,
        says="none with Chinese characters here; only screenshots made on this machine need one "
        "(Debian: fonts-wqy-microhei)",
        needed=False,
    )
