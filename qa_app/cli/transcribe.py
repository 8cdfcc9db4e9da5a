"""``hearback transcribe``: what is said in recordings, without a database."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qa_app.cli.context import settings

if TYPE_CHECKING:
    from pipelines.transcription.hearing import Transcribed
    from pipelines.transcription.recognition.recogniser import Recogniser

LAYOUTS = ("agent_left", "agent_right", "mono")


@click.command(epilog="Example: hearback transcribe call.wav other.mp3 --json")
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line and file.")
@click.option("--language", help="A language code such as en or zh; found per call if not given.")
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    default="agent_left",
    show_default=True,
    help="Who speaks on which channel of a stereo file.",
)
@click.option("--mask", is_flag=True, help="Hide telephone, card and identity numbers and so on.")
def command(
    files: tuple[Path, ...], *, as_json: bool, language: str | None, layout: str, mask: bool
) -> None:
    """Write down what is said in recordings of any codec, turn by turn.

    Needs no database. A file that cannot be read is reported and the others go on; the exit code
    is then 1. Without the recogniser's weights the exit code is 2.
    """
    from rich.console import Console
    from rich.progress import Progress

    from pipelines.outcomes import DomainError
    from pipelines.transcription.recognition import recogniser

    hearing = recogniser.of(_recogniser_settings(), settings().data_dir)
    failed = False
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        for file in files:
            bar = bars.add_task(file.name, total=None)
            try:
                found = _transcribe(
                    file,
                    hearing,
                    language,
                    layout,
                    lambda done, total, bar=bar: bars.update(bar, completed=done, total=total),
                    mask=mask,
                )
            except DomainError as error:
                failed = True
                _say_error(file, error, as_json=as_json)
            else:
                click.echo(json.dumps(found, ensure_ascii=False) if as_json else _readable(found))
            bars.remove_task(bar)
    sys.exit(1 if failed else 0)


def _recogniser_settings() -> Any:
    from qa_app.surroundings import recogniser_settings

    return recogniser_settings(settings())


def _transcribe(
    file: Path,
    recogniser: "Recogniser",
    language: str | None,
    layout: str,
    progress: Any,
    *,
    mask: bool,
) -> dict[str, Any]:
    from models.vocab import ChannelLayout
    from pipelines.outcomes import DomainError
    from pipelines.transcription import hearing
    from pipelines.transcription.chinese import Writing
    from pipelines.transcription.recognition.recogniser import Language
    from pipelines.transcription.sound import voices

    if not file.is_file():
        raise DomainError("file_missing")
    transcribed = hearing.transcribe(
        file,
        recogniser,
        layout=ChannelLayout(layout),
        language=Language(language, 1.0) if language else None,
        writing=Writing(settings().whisper_chinese),
        ears=voices.of(),
        progress=progress,
    )
    return _as_json(file, transcribed, _texts(transcribed, mask=mask))


def _texts(transcribed: "Transcribed", *, mask: bool) -> list[str]:
    """Return the text of each turn, without the personal data in it when that is wanted."""
    if not mask:
        return [turn.text for turn in transcribed.turns]
    from pipelines.masking import masked_text
    from pipelines.redaction.rules.lexing import Heard
    from pipelines.redaction.rules.masks import Said, find_masks

    said = [
        Said(turn.party, tuple(Heard(w.text, w.start_ms, w.end_ms) for w in turn.words))
        for turn in transcribed.turns
    ]
    code = transcribed.language.code if transcribed.language else None
    found = find_masks(said, language=code, kinds=settings().masked_kinds)
    return [
        masked_text([[word.text, 0, 0, 1.0] for word in turn.words], [m.row() for m in masks])
        for turn, masks in zip(transcribed.turns, found, strict=True)
    ]


def _as_json(file: Path, transcribed: "Transcribed", texts: list[str]) -> dict[str, Any]:
    return {
        "file": str(file),
        "channels": transcribed.channels,
        "language": transcribed.language.code if transcribed.language else None,
        "audio_seconds": transcribed.audio_ms / 1_000,
        "seconds": transcribed.work_ms / 1_000,
        "findings": [finding.as_json() for finding in transcribed.findings],
        "doubt": transcribed.doubt.cause.value if transcribed.doubt else None,
        "turns": [
            {
                "speaker": turn.party.value,
                "start": turn.start_ms / 1_000,
                "end": turn.end_ms / 1_000,
                "text": text,
                "voice": turn.speaker,
                "language": turn.language,
                "confidence": round(turn.confidence, 3),
            }
            for turn, text in zip(transcribed.turns, texts, strict=True)
        ],
        "measures": _measures(transcribed),
    }


def _measures(transcribed: "Transcribed") -> dict[str, Any]:
    """Return how the call went: milliseconds and counts, as docs/call-measures.md defines them."""
    from dataclasses import asdict

    from pipelines.conversation import rules

    return asdict(
        rules.measure(
            rules.Sounded(
                audio_ms=transcribed.audio_ms,
                voice=transcribed.voice,
                music=transcribed.music,
                said=[rules.Said(turn.party, turn.text) for turn in transcribed.turns],
            )
        )
    )


def _readable(found: dict[str, Any]) -> str:
    head = (
        f"{found['file']}: {found['audio_seconds']:.1f} s, {found['channels']} channel(s), "
        f"language {found['language'] or 'unknown'}, {found['seconds']:.1f} s of work"
    )
    if found["findings"]:
        head += "\n  noticed: " + ", ".join(code for code, _ in found["findings"])
    if found["doubt"]:
        head += f"\n  not to be relied on: {found['doubt']}"
    lines = [
        f"  {turn['start']:8.2f}  {_speaker(turn):<8}  {turn['text']}" for turn in found["turns"]
    ]
    return "\n".join([head, *(lines or ["  (nobody speaks)"])])


def _speaker(turn: dict[str, Any]) -> str:
    return f"voice {turn['voice']}" if turn["voice"] else str(turn["speaker"])


def _say_error(file: Path, error: Any, *, as_json: bool) -> None:
    from qa_app.messages import sentence

    if as_json:
        said = {"code": error.code, "message": sentence(error), **error.params}
        click.echo(json.dumps({"file": str(file), "error": said}, ensure_ascii=False))
    else:
        click.echo(f"{file}: {sentence(error)} [{error.code}]", err=True)
