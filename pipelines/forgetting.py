"""An erasure that a request asked for: erased, answered, and the database rewritten behind it.

A part of the flow of its own, as ``pipelines.evaluation`` is.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from models.people import User
from models.rights import RightsRequest
from pipelines import jobs
from pipelines.outcomes import DomainError
from pipelines.retention import erasure
from pipelines.rights import service as rights
from pipelines.runtime import Progress, Runtime


def erase_for_request(
    session: Session,
    runtime: Runtime,
    request: RightsRequest,
    number: str,
    answer: str,
    *,
    now: datetime,
    user: User,
) -> None:
    """Erase the customer whom a request is about, answer it, and have the database rewritten.

    ``number`` is typed once more by whoever does it; raises ``erasure_other_number`` when it is
    not that customer's. Cannot be undone.
    """
    customer = erasure.find_customer(session, number)
    if request.customer_id != customer.id:
        raise DomainError("erasure_other_number")
    erasure.erase_customer(
        session, runtime.storage, customer, now=now, actor=user.uid, request=request
    )
    rights.close_request(session, request, granted=True, answer=answer, now=now, user=user)
    jobs.enqueue(session, "scrub", now=now)


def scrub(runtime: Runtime, _progress: Progress) -> None:
    """Rewrite the database so that nothing erased is left in its free pages; a job."""
    if not erasure.scrub_waiting(runtime.engine, runtime.clock.now()):
        raise RuntimeError("the database is busy")
