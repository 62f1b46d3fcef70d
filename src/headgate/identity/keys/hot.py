"""`Door`: decides in memory who is calling. Immutable; a new one is built when keys change."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from headgate.call.caller import ALL_RIGHTS, DEFAULT_TENANT, Caller, open_caller
from headgate.kernel.clock import Clock
from headgate.kernel.errors import Unauthorized
from headgate.rim.origins import OriginRules

Headers = Mapping[bytes, bytes]

BEARER = b"bearer "
KEY_HEADERS = (b"x-admin-key", b"x-api-key", b"api-key", b"x-goog-api-key")
PROVIDER_KEY_PREFIXES = (b"sk-", b"gsk_")  # `sk-` covers `sk-ant-` and `sk-or-`
PROVIDER_KEY_HEADER = b"x-headgate-provider-key"
AS_HEADER = b"x-headgate-as"
MAX_RECENT = 4096
MAX_TOKEN_BYTES = 512  # longer credentials are nobody's, and not worth hashing

_encode_caller = msgspec.msgpack.Encoder().encode
_decode_caller = msgspec.msgpack.Decoder(Caller).decode


def token_hash(pepper: bytes, token: bytes) -> bytes:
    """What is kept of a key: HMAC-SHA256 under the server's pepper."""
    return hmac.digest(pepper, token, "sha256")


def as_header(caller: Caller) -> bytes:
    """The value of `x-headgate-as`: whom one of our own processes speaks for."""
    return base64.b64encode(_encode_caller(caller))


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key that was ever made: who it is, until when, and whether it was revoked."""

    caller: Caller
    expires_us: int = 0  # 0: never
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class KeyIndex:
    """Hash to entry, for all tenants. `with_tenant` gives a new index with one tenant's keys replaced."""

    entries: Mapping[bytes, KeyEntry] = field(default_factory=dict[bytes, KeyEntry])
    hashes: Mapping[str, Sequence[bytes]] = field(default_factory=dict[str, Sequence[bytes]])

    def with_tenant(self, tenant: str, keys: Mapping[bytes, KeyEntry]) -> KeyIndex:
        entries = dict(self.entries)
        for old in self.hashes.get(tenant, ()):
            entries.pop(old, None)
        entries.update(keys)
        return KeyIndex(entries, dict(self.hashes) | {tenant: tuple(keys)})


class KeyUse:
    """Which keys were used since the last flush. Outlives the doors; written to the database once in a while."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self.note = self._used.add

    def take(self) -> list[str]:
        """The ids noted so far, forgotten here."""
        used = sorted(self._used)
        self._used.clear()
        return used


@dataclass(frozen=True, slots=True)
class DoorRules:
    """What does not change while the server runs."""

    protected: bool
    pepper: bytes = field(repr=False)
    origins: OriginRules
    bootstrap: bytes = field(default=b"", repr=False)  # PUNK_API_KEY
    internal: bytes = field(default=b"", repr=False)  # the token of our own processes


class Door:
    """Lets callers in, or refuses them by raising."""

    def __init__(self, rules: DoorRules, index: KeyIndex, *, clock: Clock, use: KeyUse) -> None:
        self.rules = rules
        self.index = index
        self._clock = clock
        self._use = use
        self._protected = rules.protected
        self._pepper = rules.pepper
        self._entries = index.entries
        self._bootstrap = token_hash(rules.pepper, rules.bootstrap) if rules.bootstrap else b""
        self._bootstrap_caller = Caller(
            DEFAULT_TENANT, "bootstrap", ALL_RIGHTS, admin=True, user_id="usr_default"
        )
        self._open_caller = open_caller()
        self._recent: dict[
            bytes, tuple[Caller, int]
        ] = {}  # Authorization -> caller and expiry; ends with this door

    def with_index(self, index: KeyIndex) -> Door:
        """The same door, other keys."""
        return Door(self.rules, index, clock=self._clock, use=self._use)

    def admit(self, headers: Headers, query: bytes = b"", peer: str = "", trusted: bool = False) -> Caller:
        """Who is calling. `headers` have lower-case names; `query` is passed on `/v1beta` only, where `?key=` counts;
        `trusted`: it came over our own unix socket. Raises Unauthorized or Forbidden."""
        if trusted and AS_HEADER in headers:
            return self._spoken_for(headers)
        self.rules.origins.check(headers, peer, hosts_too=not self._protected)
        authorization = headers.get(b"authorization", b"")
        plain = PROVIDER_KEY_HEADER not in headers
        if plain and (recent := self._recent.get(authorization)) is not None:
            return self._again(*recent)
        bearer = _bearer(authorization)
        caller = self._known(bearer) if bearer else None
        ours = caller is not None  # a key of ours is never sent to a provider, whatever it looks like
        if caller is not None and plain:
            self._remember(authorization, bearer, caller)
        if caller is None:
            caller = self._by_other_header(headers, query)
        if caller is None:
            caller = self._nobody(had_credential=bool(bearer))
        if PROVIDER_KEY_HEADER in headers:
            return caller.with_provider_key(
                headers[PROVIDER_KEY_HEADER].decode("latin-1").strip() or None, first=True
            )
        if not ours and bearer.startswith(PROVIDER_KEY_PREFIXES):
            return caller.with_provider_key(bearer.decode("latin-1"))
        return caller

    def _again(self, caller: Caller, expires_us: int) -> Caller:
        """A key seen before by this door, so it is not revoked; its time may have come since."""
        if expires_us and expires_us <= self._clock.now() * 1_000_000:
            raise _refusal("This key has expired.")
        if caller.key_id is not None:
            self._use.note(caller.key_id)
        return caller

    def _remember(self, authorization: bytes, token: bytes, caller: Caller) -> None:
        """Spare the next call with the same credential the hashing."""
        if len(self._recent) >= MAX_RECENT:
            self._recent.clear()
        entry = self._entries.get(hmac.digest(self._pepper, token, "sha256"))
        self._recent[authorization] = (caller, entry.expires_us if entry else 0)

    def _known(self, token: bytes) -> Caller | None:
        """The caller behind `token`; None when we do not know it. Raises when it is ours and no longer good."""
        if len(token) > MAX_TOKEN_BYTES:
            return None
        digest = hmac.digest(self._pepper, token, "sha256")
        entry = self._entries.get(digest)
        if entry is None:
            return (
                self._bootstrap_caller
                if self._bootstrap and hmac.compare_digest(digest, self._bootstrap)
                else None
            )
        if entry.revoked:
            raise _refusal("This key was revoked.")
        if entry.expires_us and entry.expires_us <= self._clock.now() * 1_000_000:
            raise _refusal("This key has expired.")
        caller = entry.caller
        if caller.key_id is not None:
            self._use.note(caller.key_id)
        return caller

    def _by_other_header(self, headers: Headers, query: bytes) -> Caller | None:
        for token in _other_tokens(headers, query):
            if (caller := self._known(token)) is not None:
                return caller
        return None

    def _nobody(self, *, had_credential: bool) -> Caller:
        """No known key: admin of the default tenant in open mode, refused in protected mode."""
        if not self._protected:
            return self._open_caller
        raise _refusal(
            "This key is not known here."
            if had_credential
            else "A key is needed: Authorization: Bearer <key>."
        )

    def _spoken_for(self, headers: Headers) -> Caller:
        """A call by one of our own processes, on behalf of the caller in `x-headgate-as`."""
        token = _bearer(headers.get(b"authorization", b""))
        if not self.rules.internal or not hmac.compare_digest(token, self.rules.internal):
            raise _refusal("The internal token is wrong.")
        try:
            caller = _decode_caller(base64.b64decode(headers[AS_HEADER], validate=True))
        except (binascii.Error, msgspec.DecodeError) as error:
            raise _refusal("The header x-headgate-as cannot be read.") from error
        return replace(caller, kind="internal")


def _bearer(value: bytes) -> bytes:
    """The token of an `Authorization: Bearer` header; empty when it is something else."""
    return value[7:].strip() if value[:7].lower() == BEARER else b""


def _other_tokens(headers: Headers, query: bytes) -> Iterator[bytes]:
    for name in KEY_HEADERS:
        if token := headers.get(name, b"").strip():
            yield token
    if query:
        for pair in query.split(b"&"):
            if pair.startswith(b"key=") and (token := pair[4:]):
                yield token


def _refusal(message: str) -> Unauthorized:
    return Unauthorized(message, headers={"WWW-Authenticate": 'Bearer realm="headgate"'})
