"""What a password must be, and what changing one does."""

from models.people import User
from pipelines.outcomes import DomainError
from qa_app.security import PASSWORD_MIN_LENGTH, hash_password, password_fits


def check_password(username: str, password: str) -> None:
    """Refuse a password that is too short, or is the user name."""
    if len(password) < PASSWORD_MIN_LENGTH:
        raise DomainError("password_short", least=PASSWORD_MIN_LENGTH)
    if password.casefold() == username.casefold():
        raise DomainError("password_is_name")


def change_password(user: User, password: str) -> None:
    """Set the password and end every session of the user."""
    check_password(user.username, password)
    user.password_hash = hash_password(password)
    user.epoch += 1


def change_own_password(user: User, present: str, password: str) -> None:
    """Set a new password for somebody who knows the present one."""
    if not password_fits(user.password_hash, present):
        raise DomainError("password_wrong")
    change_password(user, password)
