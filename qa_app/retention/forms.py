"""The form that sets how long something is kept."""

from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from models.vocab import RetentionSubject
from qa_app.forms import BaseForm, choices

LONGEST_DAYS = 36_500

SUBJECTS = {
    RetentionSubject.RECORDING: _l("Recordings"),
    RetentionSubject.TRANSCRIPT: _l("Transcripts"),
    RetentionSubject.REVIEW: _l("Words and names in reviews"),
    RetentionSubject.LOG: _l("Logs"),
}


class ExemplarsForm(BaseForm):
    """How long exemplars of a site may keep their recording; 0: no longer than its rule."""

    days = IntegerField(_l("Days"), validators=[InputRequired(), NumberRange(0, 3_650)])


class RuleForm(BaseForm):
    """How long one kind of thing is kept, for a site or one of its projects."""

    project = SelectField(_l("Project"), choices=[], validate_choice=False)
    subject = SelectField(
        _l("What"), choices=choices([(subject.value, label) for subject, label in SUBJECTS.items()])
    )
    days = IntegerField(
        _l("Days"),
        validators=[
            Optional(),
            NumberRange(
                1, LONGEST_DAYS, _l("From 1 to 36,500 days; empty keeps it without limit.")
            ),
        ],
    )


class HoldForm(BaseForm):
    """A recording that stays whatever its rule says, and why."""

    call = StringField(
        _l("Call id"),
        [
            InputRequired(_l("Give the id of the call, as the call records have it.")),
            Length(max=200),
        ],
    )
    reason = StringField(
        _l("Reason"),
        [InputRequired(_l("A legal hold needs a reason.")), Length(max=300)],
        description=_l("Such as the number of a case. No names, no telephone numbers."),
    )
