"""Sentences about the people's work: draws, tasks, reviews, disputes, practice, rounds."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, tuple[int, LazyString]] = {
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
    "reads_figures": (
        403,
        _l("You see the figures of this team, so somebody else reads this call a second time."),
    ),
    "given_reads_figures": (
        403,
        _l("%(name)s sees the figures of this team, and a second reading is blind."),
    ),
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
    "score_changed": (
        409,
        _l(
            "A dispute has changed the score since you opened this page. Read it again: what you "
            "send now takes its place."
        ),
    ),
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
}
