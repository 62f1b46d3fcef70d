"""From bytes to a `Call`: who is calling, what is asked, and the headers that name and steer a call."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.call.call import CacheWish, Call, View
from headgate.call.caller import ANONYMOUS_AGENT, DEFAULT_APP, Caller
from headgate.gateway.plane import Plane
from headgate.kernel.clock import Clock
from headgate.kernel.errors import BadRequest, NotFound
from headgate.kernel.ids import Ids
from headgate.wire.google.spec import STREAM, wants_array
from headgate.wire.passthrough import view_of
from headgate.wire.requests import check_model
from headgate.wire.spec import WIRES, WireSpec, find

MAX_NAME = 120  # characters of an identity header, as the tool cache allows for its dimensions
WISHES: dict[str, CacheWish] = {"allow": "allow", "bypass": "bypass", "refresh": "refresh", "default": ""}


@dataclass(slots=True)
class Request:
    """One HTTP request to a `/v1` wire. `trusted`: it came over the unix socket."""

    path: str
    headers: dict[bytes, bytes]  # names in lower case
    body: bytes
    query: bytes = b""
    peer: str = ""
    trusted: bool = False


class Intake:
    """Makes calls of requests."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    def open_passed(self, request: Request, plane: Plane, content_type: bytes) -> Call:
        """The same for a request that goes to its provider as it came. Nothing of it is ever kept for repeats."""
        received_us = int(self._clock.now() * 1_000_000)
        t0 = self._clock.monotonic()
        caller = plane.door.admit(request.headers, request.query, request.peer, request.trusted)
        caller.need("calls:write")
        call = Call(
            run_id=self._ids.new("run"), wire="passthrough", endpoint=request.path, caller=caller, headers=request.headers,
            body=request.body, view=view_of(request.body, content_type), received_us=received_us, t0=t0,
        )  # fmt: skip
        call.peer = plane.door.rules.origins.proxies.client(request.headers, request.peer)
        _identify(call, caller, request.headers)
        call.cache_wish, call.coalesce, call.force_live = "bypass", False, True
        return call

    def open(self, request: Request, plane: Plane) -> Call:
        """Authenticate, parse, read the steering headers. Raises GatewayError."""
        received_us = int(self._clock.now() * 1_000_000)
        t0 = self._clock.monotonic()
        headers = request.headers
        caller = plane.door.admit(headers, request.query, request.peer, request.trusted)
        caller.need("calls:write")
        spec = WIRES.get(request.path)
        if spec is None or spec.model_in_path:
            spec, view = _model_in_path(request)
        else:
            view = spec.parse(request.body)
        call = Call(
            run_id=self._ids.new("run"), wire=spec.wire, endpoint=spec.path, caller=caller, headers=headers,
            body=request.body, view=view, received_us=received_us, t0=t0,
        )  # fmt: skip
        call.peer = plane.door.rules.origins.proxies.client(headers, request.peer)
        _identify(call, caller, headers)
        if spec is STREAM and wants_array(request.query):
            call.notes["array"] = True
        if (
            b"x-headgate-cache" in headers
            or b"x-headgate-live" in headers
            or b"x-headgate-coalesce" in headers
        ):
            _steer(call, headers)
        return call


def _model_in_path(request: Request) -> tuple[WireSpec, View]:
    """The wire of a path that names the model, and the view of the body with that model in it."""
    found = find(request.path)
    if found is None:
        raise NotFound(f"There is nothing at {request.path}.")
    check_model(found.model)
    view = found.spec.parse(request.body)
    view.model = found.model
    return found.spec, view


def _identify(call: Call, caller: Caller, headers: dict[bytes, bytes]) -> None:
    get = headers.get
    call.app = caller.app_pin or _name(get(b"x-punk-app"), "X-Punk-App") or DEFAULT_APP
    call.agent = _name(get(b"x-punk-agent"), "X-Punk-Agent") or ANONYMOUS_AGENT
    call.subject = _name(get(b"x-punk-subject"), "X-Punk-Subject")
    call.project = _name(get(b"x-project"), "X-Project") or "default"
    if (
        b"x-user-id" in headers and caller.kind != "sy"
    ):  # a person's key is its person's; an application names whom it serves
        call.notes["user"] = _name(get(b"x-user-id"), "X-User-Id")
    call.session = _name(get(b"x-session-id"), "X-Session-Id")
    if caller.kind == "internal":
        call.parent_run = _name(get(b"x-headgate-parent-run"), "X-Headgate-Parent-Run")
        call.role = _name(get(b"x-headgate-role"), "X-Headgate-Role")


def _name(value: bytes | None, header: str) -> str:
    if not value:
        return ""
    try:
        text = value.decode().strip()
    except UnicodeDecodeError:
        raise BadRequest(f"The header {header} must be UTF-8 text.", param=header) from None
    if len(text) > MAX_NAME or not text.isprintable():
        raise BadRequest(
            f"The header {header} must be at most {MAX_NAME} printable characters.", param=header
        )
    return text


def _steer(call: Call, headers: dict[bytes, bytes]) -> None:
    """`x-headgate-cache: allow|bypass|refresh|max-age=N` (comma-separated), `x-headgate-live`, `x-headgate-coalesce`."""
    for word in headers.get(b"x-headgate-cache", b"").decode("latin-1").lower().split(","):
        wish = word.strip()
        if wish.startswith("max-age="):
            if not wish[8:].isdigit():
                raise BadRequest("x-headgate-cache: max-age takes whole seconds.", param="x-headgate-cache")
            call.cache_max_age_s = int(wish[8:])
        elif wish in WISHES:
            call.cache_wish = WISHES[wish]
        elif wish:
            raise BadRequest(
                f"x-headgate-cache knows allow, bypass, refresh and max-age=N, not {wish[:40]!r}.",
                param="x-headgate-cache",
            )
    call.force_live = _flag(headers, b"x-headgate-live")
    if call.force_live:
        call.cache_wish = "bypass"
    call.coalesce = headers.get(b"x-headgate-coalesce", b"on").strip().lower() not in (b"off", b"false", b"0")


def _flag(headers: dict[bytes, bytes], name: bytes) -> bool:
    return headers.get(name, b"").strip().lower() in (b"1", b"true", b"on", b"yes")
