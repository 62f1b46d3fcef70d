"""Answer with `X-Stockyard-*` headers too, for clients that read those."""

from __future__ import annotations

from typing_extensions import override

from headgate.call.call import Call, Reply
from headgate.call.module import Module, ModuleConfig, Phase, Spec, Stance, Tools

MICRO = 1_000_000  # pico-dollars in a millionth of a dollar
HALF = MICRO // 2


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
        text = (
            f"x-stockyard-trace-id: {call.run_id}\r\nx-stockyard-model: {_safe(reply.model or call.model)}\r\n"
            f"x-stockyard-cached: {'true' if cached else 'false'}\r\nx-stockyard-cache: {'HIT' if cached else 'MISS'}\r\n"
            f"x-stockyard-latency-ms: {int((self._now() - call.t0) * 1000)}\r\n"
        )
        if reply.provider:
            text += f"x-stockyard-provider: {reply.provider}\r\n"
        if reply.chunks is None:
            usage = reply.usage
            text += f"x-stockyard-tokens-in: {usage.prompt_tokens}\r\nx-stockyard-tokens-out: {usage.completion_tokens}\r\n"
            if (pico := reply.cost_pico) is not None:
                text += f"x-stockyard-cost: {_dollars(pico)}\r\nx-stockyard-cost-cents: {_dollars(pico * 100)}\r\n"
        notes = call.notes
        if tags := notes.get("tags"):
            text += f"x-stockyard-tags: {','.join([f'{name}={value}' for name, value in tags.items()])}\r\n"
        if warning := notes.get("cost.warning"):
            text += f"x-stockyard-cost-warning: {_safe(str(warning))}\r\n"
        if reply.status >= 500 or reply.error_code == "provider_error":
            text += f"x-stockyard-provider-error: {_safe(reply.error_code or str(reply.status))}\r\n"
        return text.encode("ascii", "replace")


def _safe(text: str) -> str:
    """Text that may stand in a header: what a client sent must not end a line."""
    return text if text.isprintable() else "".join([c if c.isprintable() else "?" for c in text])


def _dollars(pico: int) -> str:
    """Six places after the point."""
    whole, rest = divmod((pico + HALF) // MICRO, 1_000_000)
    return f"{whole}.{rest:06d}"
