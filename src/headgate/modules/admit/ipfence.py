"""Let calls in by the address they come from. `X-Forwarded-For` counts only from the proxies the server trusts."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from pydantic import AliasChoices, Field, field_validator
from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Tools
from headgate.kernel.errors import Forbidden

MAX_KNOWN = 4096
Network = IPv4Network | IPv6Network


class Config(ModuleConfig):
    enabled: bool = False
    allow: tuple[str, ...] = Field(
        (), validation_alias=AliasChoices("allow", "allowlist"), max_length=10_000,
        description="Addresses and networks (CIDR) that may call; empty means all.",
    )  # fmt: skip
    deny: tuple[str, ...] = Field(
        (), validation_alias=AliasChoices("deny", "denylist"), max_length=10_000,
        description="Addresses and networks that may not, whatever `allow` says.",
    )  # fmt: skip
    action: Literal["block", "flag"] = Field(
        "block", description="block: refuse with 403. flag: note it on the run."
    )

    @field_validator("allow", "deny")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each.strip(), strict=False)
        return value


class IpFence(Module[Config]):
    spec = Spec("ipfence", "safety", Phase.ADMIT, "Allows and denies calls by client address.", ("ip_fence",))
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._allow = [ip_network(each.strip(), strict=False) for each in config.allow]
        self._deny = [ip_network(each.strip(), strict=False) for each in config.deny]
        self._known: dict[str, str] = {}  # address -> why it is refused, empty when it is not

    @override
    def on_request(self, call: Call) -> Reply | None:
        peer = call.peer
        if not peer:  # our own socket: the server itself, for a call that was let in before
            return None
        reason = self._known.get(peer)
        if reason is None:
            reason = self._judge(peer)
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[peer] = reason
        if reason:
            call.explanation["ipfence"] = {"address": peer, "reason": reason}
            if self.config.action == "block":
                raise Forbidden("Calls from this address are not allowed.", reason=reason)
        return None

    def _judge(self, peer: str) -> str:
        try:
            address = ip_address(peer.partition("%")[0])
        except ValueError:
            return "the address cannot be read"
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        plain = mapped or address
        if (network := _within(plain, self._deny)) is not None:
            return f"denied by {network}"
        if self._allow and _within(plain, self._allow) is None:
            return "not on the list of allowed addresses"
        return ""


def _within(address: IPv4Address | IPv6Address, networks: list[Network]) -> Network | None:
    return next((network for network in networks if address in network), None)
