"""Answer with `X-Stockyard-*` headers too, for clients that read those."""

from __future__ import annotations

from decimal import Decimal

from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools
from headgate.kernel.money import to_usd

UNSAFE = dict.fromkeys(range(32), "?") | {127: "?"}
MICRO = Decimal("0.000001")


class Config(ModuleConfig):
    enabled: bool = False


class ResponseHeaders(Module[Config]):
    # in the first phase, so that refusals carry them too; the lines are made when the reply is dressed
    spec = Spec(
        "responseheaders", "observe", Phase.ADMIT, "Adds X-Stockyard headers to answers.", ("response_headers",),
        stance=Stance.SKIP,
    )  # fmt: skip
    Config = Config

    def __init__(self, config: Config, tools: Tools) -> None:
        super().__init__(config, tools)
        self._now = tools.clock.monotonic

    @override
    def on_request(self, call: Call) -> Reply | None:
        call.notes.setdefault("dress", []).append(self.lines)
        return None

    def lines(self, call: Call, reply: Reply) -> bytes:
        """The header lines. What a stream will have used is not known when its head leaves, so it is left out."""
        cached = reply.cache == "hit"
        pairs = [
            ("Trace-Id", call.run_id), ("Model", reply.model or call.model), ("Cached", "true" if cached else "false"),
            ("Cache", "HIT" if cached else "MISS"), ("Latency-Ms", str(int((self._now() - call.t0) * 1000))),
        ]  # fmt: skip
        if reply.provider:
            pairs.append(("Provider", reply.provider))
        if reply.chunks is None:
            pairs += [
                ("Tokens-In", str(reply.usage.prompt_tokens)),
                ("Tokens-Out", str(reply.usage.completion_tokens)),
            ]
            if reply.cost_pico is not None:
                usd = Decimal(str(to_usd(reply.cost_pico)))
                pairs += [
                    ("Cost", f"{usd.quantize(MICRO):f}"),
                    ("Cost-Cents", f"{(usd * 100).quantize(MICRO):f}"),
                ]
        if tags := call.notes.get("tags"):
            pairs.append(("Tags", ",".join(f"{name}={value}" for name, value in tags.items())))
        if warning := call.notes.get("cost.warning"):
            pairs.append(("Cost-Warning", str(warning)))
        if reply.status >= 500 or reply.error_code == "provider_error":
            pairs.append(("Provider-Error", reply.error_code or str(reply.status)))
        text = "".join(f"x-stockyard-{name.lower()}: {value.translate(UNSAFE)}\r\n" for name, value in pairs)
        return text.encode("ascii", "replace")
