"""Credentials in memory, still encrypted: opened at the moment when something is connected to."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.store.sealing import Sealer

PREFIX = "cred:"
PURPOSE = "credentials"  # of the sealed secrets


class UnknownCredential(LookupError):
    """`cred:<id>` names no credential of this tenant."""


def is_reference(value: str) -> bool:
    """Does the value name a credential, and is not the secret itself?"""
    return value.startswith(PREFIX)


def place(tenant: str, credential_id: str) -> str:
    """What a secret is sealed for."""
    return f"{tenant}/{credential_id}"


class CredentialBook:
    """The sealed credentials of all tenants. Whoever asks gets those of the tenant it asks for, and no other's."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._sealed: dict[str, Mapping[str, bytes]] = {}

    def put(self, tenant: str, sealed: Mapping[str, bytes]) -> None:
        self._sealed[tenant] = sealed

    def resolve(self, tenant: str, value: str) -> str:
        """The secret behind `cred:<id>`; any other value is returned as it is.
        Raises UnknownCredential, and store.sealing.CannotOpen when its key is gone."""
        if not is_reference(value):
            return value
        credential_id = value.removeprefix(PREFIX)
        sealed = self._sealed.get(tenant, {}).get(credential_id)
        if sealed is None:
            raise UnknownCredential(f"there is no credential {credential_id!r}")
        return self._sealer.open(sealed, place(tenant, credential_id)).decode()
