"""Customers' numbers: found by a keyed hash, kept in one table, named elsewhere by a token.

A rejected row keeps ``customer:<id>`` in place of the number, and the token is read back when the
corrected row is sent again. So erasing a customer leaves no number behind, rejects included.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.bulk import among, insert_columns, reserve_ids
from models.calls import Customer
from pipelines.ingest.landing import TOKEN, uid_of
from pipelines.ingest.rules.values import Invalid, customer_number, number_key

_MOST_KEPT = 50_000


class Customers:
    """Finds and adds customers of one import; keeps a bounded number of hashes at hand."""

    def __init__(self, key: bytes) -> None:
        """Use ``key`` for the hashes."""
        self._key = key
        self._keys: dict[str, str] = {}

    def key_of(self, session: Session, number: str) -> str | None:
        """Return the keyed hash of a number in its one form, or of a token; null for none."""
        if not number:
            return None
        found = self._keys.get(number)
        if found is None:
            if number.startswith(TOKEN):
                found = self._key_of_token(session, number)
            else:
                found = number_key(number, self._key)
            if len(self._keys) >= _MOST_KEPT:
                self._keys.clear()
            self._keys[number] = found
        return found

    @staticmethod
    def _key_of_token(session: Session, token: str) -> str:
        uid = uid_of(token.removeprefix(TOKEN))
        key = uid and session.scalar(select(Customer.number_key).where(Customer.uid == uid))
        if not key:
            raise Invalid("customer", "customer_unknown")
        return key

    def ids(self, session: Session, numbers: Sequence[str]) -> list[int | None]:
        """Return the customer's inner id for each number, adding customers that are new."""
        keys = {number: self.key_of(session, number) for number in set(numbers) if number}
        found: dict[str, int] = {}
        wanted = sorted({key for key in keys.values() if key})
        rows = session.execute(
            select(Customer.number_key, Customer.id).where(
                among(session, Customer.number_key, wanted)
            )
        )
        found.update((key, row_id) for key, row_id in rows if key)
        # In the order of their hashes, which is the order of the index.
        new = sorted(
            (key, number) for number, key in keys.items() if key is not None and key not in found
        )
        ids = reserve_ids(session, Customer, len(new)) if new else []
        insert_columns(
            session,
            Customer,
            {
                "id": ids,
                "number_key": [key for key, _ in new],
                "number": [number for _, number in new],
            },
        )
        found.update((key, row_id) for (key, _), row_id in zip(new, ids, strict=True))
        return [found[keys[number] or ""] if number else None for number in numbers]

    def token(self, session: Session, cell: str) -> str:
        """Return the token that stands for a cell's number, adding the customer when new."""
        number = customer_number(cell)
        if not number:
            return ""
        if number.startswith(TOKEN):
            return number if uid_of(number.removeprefix(TOKEN)) else ""
        customer_id = self.ids(session, [number])[0]
        uid = session.scalar(select(Customer.uid).where(Customer.id == customer_id))
        return f"{TOKEN}{uid}"
