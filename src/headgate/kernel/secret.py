"""A secret text that cannot be printed, logged, compared by accident or serialised; only `reveal` gives it back."""

from __future__ import annotations

import hmac
from typing import NoReturn

from typing_extensions import override

MASK = "********"


class Secret:
    """Holds a secret. Empty means: not set."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Whoever calls this sees to it that it goes nowhere but where it belongs."""
        return self._value

    def encode(self) -> bytes:
        """The secret as bytes, for hashing, comparing and sending."""
        return self._value.encode()

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __repr__(self) -> str:
        return MASK if self._value else "(not set)"

    __str__ = __repr__

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.encode(), other.encode())

    @override
    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret cannot be serialised.")


def reveal(secret: Secret | str) -> str:
    """The text of a secret, or of a plain string where a test has no `Secret`."""
    return secret.reveal() if isinstance(secret, Secret) else secret
