"""What every stage may return or raise: the domain error, and results shared by several stages."""

from typing import Any


class DomainError(Exception):
    """Something a person asked for cannot be done, as a code with parameters and no user text.

    The web and the command line translate the code; ``params`` hold plain values for the sentence.
    """

    def __init__(self, code: str, **params: Any) -> None:
        """Keep ``code`` (snake case, one per cause) and the values its sentence needs."""
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        """Say the code and its parameters, for logs."""
        given = ", ".join(f"{name}={value!r}" for name, value in sorted(self.params.items()))
        return f"{self.code}({given})"
