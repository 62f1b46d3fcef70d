"""The chain: the modules that are switched on, compiled per tenant into flat lists of hooks. Off costs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from headgate.call.call import Call, Reply
from headgate.call.module import AskAgain, Module, ModuleConfig, Phase, Stance, StreamFilter, Tools
from headgate.kernel.errors import GatewayError, Unavailable
from headgate.kernel.logging import get_log

log = get_log("gateway")

HOOKS = ("on_request", "wait_request", "on_reply", "stream_filter", "on_done")


class Step(NamedTuple):
    """One hook before dispatch. `wait` is its waiting twin, or None."""

    hook: Callable[[Call], Reply | None] | None
    must_wait: Callable[[Call], bool] | None
    wait: Callable[[Call], Awaitable[Reply | None]] | None
    module: Module[Any]


@dataclass(frozen=True, slots=True)
class Chain:
    """What runs for one tenant. `steps` go from ADMIT to ANSWER in order; the rest runs on the way back."""

    steps: tuple[Step, ...] = ()
    on_reply: tuple[tuple[Callable[[Call, Reply], None], Module[Any]], ...] = ()
    stream_filters: tuple[tuple[Callable[[Call], StreamFilter | None], Module[Any]], ...] = ()
    on_done: tuple[tuple[Callable[[Call, Reply], None], Module[Any]], ...] = ()
    modules: tuple[Module[Any], ...] = ()  # all of them, in order
    # of calls that another call made: shaped already, and not to be spread again
    branch_steps: tuple[Step, ...] = ()

    def steps_for(self, call: Call) -> tuple[Step, ...]:
        return self.branch_steps if call.role else self.steps

    @property
    def names(self) -> list[str]:
        return [step.module.spec.name for step in self.steps]

    def describe(self) -> list[dict[str, Any]]:
        """The modules that run, in order, each with the hooks of it that are called."""
        return [
            {
                "name": module.spec.name, "category": module.spec.category, "phase": module.spec.phase.name.lower(),
                "enabled": True, "in_chain": True, "hooks": [hook for hook in HOOKS if _overrides(module, hook)],
            }
            for module in self.modules
        ]  # fmt: skip


def compile_chain(
    order: Sequence[type[Module[Any]]], configs: Mapping[str, ModuleConfig], tools: Tools
) -> Chain:
    """The chain of the enabled modules of `configs`, in the order of `order`. A module without a config is off."""
    modules = [kind(configs[kind.spec.name], tools) for kind in order if _is_on(configs.get(kind.spec.name))]
    modules.sort(key=lambda module: module.spec.phase)  # stable: within a phase `order` decides
    made = [_step(module) for module in modules if module.spec.phase <= Phase.ANSWER]
    steps = tuple(step for step in made if step.hook or step.wait)
    return Chain(
        steps=steps,
        on_reply=tuple((m.on_reply, m) for m in modules if _overrides(m, "on_reply")),
        stream_filters=tuple((m.stream_filter, m) for m in modules if _overrides(m, "stream_filter")),
        on_done=tuple((m.on_done, m) for m in modules if _overrides(m, "on_done")),
        modules=tuple(modules),
        branch_steps=tuple(step for step in steps if step.module.spec.in_branches),
    )


def _is_on(config: ModuleConfig | None) -> bool:
    return config is not None and config.enabled


def _overrides(module: Module[Any], hook: str) -> bool:
    return getattr(type(module), hook) is not getattr(Module, hook)


def _step(module: Module[Any]) -> Step:
    hook = module.on_request if _overrides(module, "on_request") else None
    if module.spec.waits and module.may_wait:
        return Step(hook, module.must_wait, module.wait_request, module)
    return Step(hook, None, None, module)


def run_steps(call: Call, steps: Sequence[Step], start: int = 0) -> Reply | int | None:
    """Run the hooks from `start` on. A Reply: answered. A number: the step at which `wait_step` must be awaited,
    after which the run goes on behind it. None: nobody answered. Raises the refusal of a module."""
    for index in range(start, len(steps)):
        step = steps[index]
        try:
            if step.hook is not None and (reply := step.hook(call)) is not None:
                return reply
            if step.must_wait is not None and step.must_wait(call):
                return index
        except Exception as error:  # noqa: BLE001 - a module's failure stance is applied here
            on_trouble(call, step.module, error)
    return None


async def wait_step(call: Call, step: Step) -> Reply | None:
    """Await the waiting hook of one step."""
    assert step.wait is not None
    try:
        return await step.wait(call)
    except Exception as error:  # noqa: BLE001 - a module's failure stance is applied here
        on_trouble(call, step.module, error)
    return None


def on_trouble(call: Call, module: Module[Any], error: Exception) -> None:
    """A hook raised. A refusal stands, unless the caller only observes; a break follows the module's stance."""
    name = module.spec.name
    if isinstance(error, AskAgain):
        if not call.observing:
            raise error
        return
    if isinstance(error, GatewayError):
        if not call.observing:
            call.explanation.setdefault("refused_by", name)
            raise error
        call.explanation["would_block"] = {"by": name, "code": error.code, "message": error.message}
        return
    log.error("module.broke", module=name, run=call.run_id, error=repr(error))
    call.warn(f"{name} failed and was skipped" if module.spec.on_break is Stance.SKIP else f"{name} failed")
    if module.spec.on_break is Stance.BLOCK and not call.observing:
        raise Unavailable(f"The check {name} is broken, so the call was refused.", module=name) from error
