"""What was noticed about a recording, and why its words are not shown as fact, in sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab import Party

_SAID: dict[tuple[str, str], LazyString] = {
    ("dual_mono", ""): _l("Both channels carry the same sound, so nobody has a side of their own."),
    ("one_sided", Party.AGENT): _l("Only the customer was recorded; the agent's side is silent."),
    ("one_sided", Party.CUSTOMER): _l(
        "Only the agent was recorded; the customer's side is silent."
    ),
    ("clipped", Party.AGENT): _l("The agent's side was recorded too loud and is distorted."),
    ("clipped", Party.CUSTOMER): _l("The customer's side was recorded too loud and is distorted."),
    ("clipped", Party.UNKNOWN): _l("The recording is too loud and distorted."),
    ("swapped", ""): _l("The sides may be swapped: the customer's side greets as an agent does."),
    ("bleed", Party.AGENT): _l(
        "The customer can be heard on the agent's side (%(pct)s %% of the time); what came "
        "through is left out there."
    ),
    ("bleed", Party.CUSTOMER): _l(
        "The agent can be heard on the customer's side (%(pct)s %% of the time); what came "
        "through is left out there."
    ),
    ("voices_told_apart", ""): _l(
        "One channel carries everybody; who speaks was told by voice and can be wrong."
    ),
    ("voices_together", ""): _l(
        "One channel carries everybody, and voices are not told apart on this installation."
    ),
}

_DOUBTS: dict[str, LazyString] = {
    "unsure": _l(
        "The machine believes only %(pct)s %% of its own words: the recording is probably too "
        "noisy or too faint."
    ),
    "wordless": _l("No words could be made out in %(pct)s %% of the speech."),
    "loops": _l("The machine went round in circles: %(pct)s %% of its text is repetition."),
    "language": _l("It is not clear which language is spoken (%(pct)s %% sure at best)."),
}


def said(findings: Sequence[Sequence[Any]]) -> tuple[str, ...]:
    """Return a sentence per finding, given as ``[code, params]``; unknown codes say nothing."""
    sentences = []
    for code, params in findings:
        sentence = _SAID.get((code, params.get("party", "")))
        if sentence is not None:
            sentences.append(str(sentence) % params)
    return tuple(sentences)


def is_one_sound(findings: Sequence[Sequence[Any]]) -> bool:
    """Tell whether both channels were found to carry the same sound."""
    return any(code == "dual_mono" for code, _ in findings)


def reason(doubt: str | None, params: Mapping[str, Any] | None) -> str:
    """Return why a transcript is not shown as fact; empty when it is."""
    if doubt is None:
        return ""
    known = _DOUBTS.get(doubt)
    return str(known) % dict(params or {}) if known else str(_l("The machine is not sure."))
