"""Sentences about scorecards and their files, drafts, comments and guides."""

from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

MESSAGES: dict[str, tuple[int, LazyString]] = {
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
}
