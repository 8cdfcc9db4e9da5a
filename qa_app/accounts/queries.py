"""What signing in and the account page read and note."""

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from models.operations import AuditEntry
from models.people import SignInAttempt, Site, Team, User, UserRole
from models.vocab import Role
from qa_app import db, security
from qa_app.accounts.throttle import WINDOW, wait_seconds
from qa_app.clock import now
from qa_app.permissions import Person

_SHOWN = 10


def find_user(session: Session, username: str) -> User | None:
    """Return the user with this name who may enter."""
    return session.scalar(
        select(User)
        .where(User.username == username, User.disabled_at.is_(None))
        .options(selectinload(User.roles))
    )


class Attempt:
    """One try to sign in, noted as failed before the password is looked at.

    Guesses sent at the same moment therefore all count. The name and the address are kept as
    keyed hashes only.
    """

    def __init__(self, username: str, address: str) -> None:
        """Prepare the hashes under which tries are counted."""
        self.name_key = security.keyed_hash("sign-in name", username.casefold())
        self.address_key = security.keyed_hash("sign-in address", address)
        self._id: int | None = None

    def begin(self) -> int:
        """Note the try, or return the seconds to wait before the next one is answered."""
        with db.apart() as session:
            wait = wait_seconds(
                self._failures(session, SignInAttempt.name_key == self.name_key),
                self._failures(session, SignInAttempt.address_key == self.address_key),
                now(),
            )
            if wait:
                return wait
            attempt = SignInAttempt(
                name_key=self.name_key, address_key=self.address_key, succeeded=False, at=now()
            )
            session.add(attempt)
            session.flush()
            self._id = attempt.id
        return 0

    def succeed(self) -> None:
        """Note that the try was right after all."""
        with db.apart() as session:
            attempt = session.get_one(SignInAttempt, self._id)
            attempt.succeeded = True

    def _failures(self, session: Session, mine: object) -> list:  # type: ignore[type-arg]  # of datetimes, newest first
        statement: Select = (  # type: ignore[type-arg]  # (bool, datetime)
            select(SignInAttempt.succeeded, SignInAttempt.at)
            .where(mine, SignInAttempt.at > now() - WINDOW)  # type: ignore[arg-type]  # a condition
            .order_by(SignInAttempt.id.desc())
            .limit(100)
        )
        failures = []
        for succeeded, at in session.execute(statement):
            if succeeded:
                break
            failures.append(at)
        return failures


@dataclass(frozen=True)
class HeldRole:
    """A role of a person with the names of its scope."""

    role: Role
    site: str
    team: str | None


@dataclass(frozen=True)
class AccountPage:
    """One's own account: the roles held, and the newest sign-ins."""

    roles: tuple[HeldRole, ...]
    sign_ins: tuple[AuditEntry, ...]


def held_roles(session: Session, user_id: int) -> tuple[HeldRole, ...]:
    """Return the roles of a user with the names of site and team."""
    rows = session.execute(
        select(UserRole.role, Site.name, Team.name)
        .join(Site, Site.id == UserRole.site_id)
        .outerjoin(Team, Team.id == UserRole.team_id)
        .where(UserRole.user_id == user_id)
        .order_by(UserRole.id)
    )
    return tuple(HeldRole(role, site, team) for role, site, team in rows)


def account_page(session: Session, person: Person) -> AccountPage:
    """Read what the account page shows of its own person."""
    sign_ins = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.actor_uid == person.uid, AuditEntry.action == "session.begun")
        .order_by(AuditEntry.id.desc())
        .limit(_SHOWN)
    )
    return AccountPage(held_roles(session, person.id), tuple(sign_ins))
