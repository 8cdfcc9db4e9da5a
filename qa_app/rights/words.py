"""The words of requests, of proofs of erasure and of a site's limits."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from models.vocab_rights import PersonFigures, RequestKind, RequestOf, RequestState

KINDS: dict[RequestKind, LazyString] = {
    RequestKind.ACCESS: _l("Access: what is kept about me"),
    RequestKind.COPY: _l("A copy of my data"),
    RequestKind.CORRECTION: _l("Correction of something wrong"),
    RequestKind.ERASURE: _l("Erasure"),
}
OF: dict[RequestOf, LazyString] = {
    RequestOf.AGENT: _l("An agent"),
    RequestOf.CUSTOMER: _l("A customer"),
}
STATES: dict[RequestState, LazyString] = {
    RequestState.OPEN: _l("open"),
    RequestState.DONE: _l("done"),
    RequestState.REFUSED: _l("refused"),
}
FIGURES: dict[PersonFigures, LazyString] = {
    PersonFigures.OFF: _l("Off: nobody but the person sees them"),
    PersonFigures.TEAM_LEAD: _l("Own team lead: the manager of the person's team"),
    PersonFigures.MANAGER: _l("Managers and trainers, each in their scope"),
}

DELETED: dict[str, LazyString] = {
    "numbers_of_calls": _l("calls that no longer lead to a number"),
    "recordings": _l("recordings"),
    "files": _l("stored files: sound, copies for playing, pictures, clips"),
    "transcripts": _l("transcripts"),
    "turns": _l("turns of transcripts"),
    "measures": _l("measures of how the call went"),
    "search_entries": _l("entries of the search"),
    "phrase_hits": _l("hits of phrase rules"),
    "exemplars": _l("exemplars"),
    "quiz_references": _l("references of quizzes whose words were emptied"),
    "practice_sheets": _l("practice sheets whose words were emptied"),
    "words_of_reviews": _l("reviews whose words were emptied"),
    "words_of_self_assessments": _l("self-assessments whose words were emptied"),
    "comments": _l("answers whose comments and quoted words were emptied"),
    "objections": _l("objections whose words were emptied"),
    "disputed_criteria": _l("disputed criteria whose words were emptied"),
    "causes": _l("causes behind reviews whose words were emptied"),
    "talks": _l("talks and notes of coaching whose words were emptied"),
    "help_requests": _l("requests for help, with their answers"),
    "calibration_references": _l("references of calibration rounds whose words were emptied"),
    "asked_reviews": _l("reasons why a review was asked for"),
    "skip_reasons": _l("reasons why a call was skipped"),
    "survey_replies": _l("replies to surveys"),
    "import_files": _l("stored import files that held the number"),
    "rejected_rows": _l("rejected rows that held the number"),
}
"""What a proof of erasure counts as deleted or emptied (``pipelines.retention.proof``)."""

REMAINS: dict[str, tuple[LazyString, LazyString]] = {
    "call_records": (
        _l("call records without a number"),
        _l("Volumes, times and queues are counted from them; nothing in them names the customer."),
    ),
    "scores": (
        _l("anonymous scores"),
        _l("Points and results of agents' work stay, without any words of the call."),
    ),
    "drawn_calls": (
        _l("draws that took one of the calls"),
        _l("Sizes of strata and probabilities stay, or figures for all calls would be wrong."),
    ),
    "listenings": (
        _l("notes of who had opened a recording"),
        _l("Kept as long as logs are, with the reason emptied: accountability towards agents."),
    ),
    "accesses": (
        _l("notes of who had read or exported a call"),
        _l("Kept as long as logs are: ids and times only."),
    ),
}
"""What a proof says is left, and why."""

FILE_KINDS: dict[str, LazyString] = {
    "original": _l("recording"),
    "playback": _l("copy for playing"),
    "masked": _l("muted copy"),
    "peaks": _l("picture of the sound"),
    "clip": _l("clip"),
}
