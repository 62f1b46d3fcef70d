"""Builds everything, in order, and runs it: the only file that knows every room."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import uvloop
from sqlalchemy.exc import SQLAlchemyError

from headgate.call.module import ModuleConfig, Tools
from headgate.config import Settings
from headgate.fleet_news import FleetNews, fleet_rules
from headgate.gateway.chain import Chain, compile_chain
from headgate.gateway.dispatch import Dispatcher, Lines
from headgate.gateway.inner import InnerCalls
from headgate.gateway.lag import LoopWatch
from headgate.gateway.models import ModelList
from headgate.gateway.passthrough.serving import Exits, Passing
from headgate.gateway.plane import Plane, PlaneKeeper
from headgate.gateway.seam import SeamSettings
from headgate.gateway.serve import Gateway, Parts
from headgate.gateway.server import Asgi, LazyApi, Listener, Manner, bind, listener
from headgate.gateway.settle import Settler
from headgate.gateway.upstreams.fleet import Fleet
from headgate.governing import Governing
from headgate.identity.accounts.service import seed
from headgate.identity.keys.hot import KeyUse
from headgate.identity.keys.service import flush_use, flush_use_forever, load_door, reload_keys
from headgate.kernel.clock import SystemClock, to_us
from headgate.kernel.ids import Ids
from headgate.kernel.logging import configure, get_log
from headgate.kernel.tasks import Tasks
from headgate.modules.access import explain_access
from headgate.modules.catalog import Catalog
from headgate.operate.jobs.supervisor import Supervisor
from headgate.operate.modules_admin.service import Setting
from headgate.operate.modules_admin.service import load as load_modules
from headgate.operate.telemetry.hot import Telemetry
from headgate.providers.client import ClientConfig, Deadlines, HttpClient
from headgate.providers.health import Health
from headgate.providers.mock import MockProvider
from headgate.providing import Providing
from headgate.record.cache.hot import CacheLimits, ResponseCache
from headgate.record.responses.hot import ResponseMemory
from headgate.record.runs.hot import Recorder, RecorderConfig
from headgate.record.spend.hot import Purse
from headgate.repeating import RepeatMemory
from headgate.spending import Spending
from headgate.store.bounded import Bounded
from headgate.store.control import ControlServer, Notice
from headgate.store.engine import Database
from headgate.store.fast import MemoryStore
from headgate.store.folder import FolderLock, prepare_folder
from headgate.store.migrate import migrate
from headgate.store.notices import PlaneNotices
from headgate.store.sockets import CONTROL_SOCKET, GATEWAY_SOCKET, socket_path

log = get_log("app")

SWITCH_INTERVAL_S = (
    0.0005  # the event loop waits at most this long for the interpreter lock of the drain thread
)
GC_THRESHOLDS = (
    50_000,
    20,
    100,
)  # the hot path makes no cycles: collect seldom, so that no collection holds the loop


def serve(settings: Settings) -> int:
    """Run the gateway until it is told to stop; the exit status of the process.
    Raises store.folder.DataFolderInUse, store.migrate.SchemaTooNew, and OSError when the port is taken."""
    configure(level=settings.log_level, json_lines=settings.log_json)
    prepare_folder(settings.data_dir)
    with FolderLock(settings.data_dir):
        migrate(settings.main_db_url)
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        gc.set_threshold(*GC_THRESHOLDS)
        return uvloop.run(_serve(settings))


@dataclass(slots=True)
class Floor:
    """What stands below the gateway: clocks, stores, the client."""

    settings: Settings
    clock: SystemClock
    ids: Ids
    tasks: Tasks
    database: Database
    recorder: Recorder
    cache: ResponseCache
    client: HttpClient
    fast: MemoryStore
    use: KeyUse


@dataclass(slots=True)
class House:
    """A whole gateway, without its listener."""

    floor: Floor
    keeper: PlaneKeeper
    gateway: Gateway
    notices: PlaneNotices
    control: ControlServer
    supervisor: Supervisor
    watch: LoopWatch
    calls: InnerCalls
    started_us: int
    catalog: Catalog
    telemetry: Telemetry
    governing: Governing
    spending: Spending
    providing: Providing

    async def start(self) -> None:
        """Begin everything that runs beside the calls."""
        floor = self.floor
        floor.cache.start()
        await floor.recorder.start()
        await self.governing.start(floor.tasks, floor.recorder)
        self.spending.start(floor.tasks)
        await self.control.start()
        await self.notices.start()
        await RepeatMemory(floor.database, floor.recorder, floor.clock).restore(self.gateway.repeats)
        floor.tasks.spawn(self.watch.run(), name="loop.watch")
        floor.tasks.spawn(self.providing.warm(self.keeper.rebuild), name="prices.warm")
        floor.tasks.spawn(flush_use_forever(floor.database, floor.use, floor.clock), name="keys.flush")
        self.supervisor.start()

    async def close(self) -> None:
        """End everything, the record last. What is not in the database then is in the spool."""
        floor = self.floor
        await self.supervisor.stop()
        await self.notices.close()
        await self.control.close()
        await floor.tasks.cancel_all(timeout_s=2.0)
        await floor.client.close()
        drained = await floor.recorder.close()
        floor.cache.close()
        self.telemetry.close()
        try:
            await flush_use(floor.database, floor.use, floor.clock)
        except (
            SQLAlchemyError,
            OSError,
        ) as error:  # the database is away; when a key was last used is no reason to stay
            log.warning("keys.use_not_written", error=repr(error))
        await floor.database.dispose()
        log.info("gateway.stopped", drained=drained)


async def build(settings: Settings) -> House:
    """Everything, in order. The database is migrated; nothing runs yet."""
    floor = _floor(settings)
    clock, database = floor.clock, floor.database
    async with database.writing() as db:
        await seed(db, clock)
    catalog = Catalog(settings)
    spending = await Spending.build(settings, database, floor.recorder, clock, floor.ids)
    governing = await Governing.build(database, settings, clock)
    telemetry, vectors = Telemetry(), Bounded[Any](settings.cache_memory_bytes // 2)
    tools = Tools(clock, floor.fast, {
        "cache": floor.cache, "tasks": floor.tasks, "ids": floor.ids, "telemetry": telemetry,
        "vectors": vectors, **governing.hot, **spending.hot,
    })  # fmt: skip
    compiler = ChainCompiler(floor.database, catalog, tools)
    providing = await Providing.build(settings, database, clock, spending.prices)
    plane = await _first_plane(floor, compiler, providing)
    builders = {**governing.builders, **spending.builders, **providing.builders}
    keeper = PlaneKeeper(plane, {"keys": _key_builder(floor), "modules": compiler.rebuild, **builders})
    catalog.running = lambda tenant: keeper.plane.chain(tenant).describe()
    catalog.access = lambda tenant, asked: explain_access(keeper.plane.chain(tenant).modules, asked)
    gateway = _gateway(
        floor, keeper, spending.purse, _fleet(floor, catalog.server["failover"], providing.health)
    )
    notices = PlaneNotices(database, clock, keeper.rebuild)

    async def heard(notice: Notice) -> None:
        await notices.heard(notice)

    control = ControlServer(socket_path(settings.data_dir, CONTROL_SOCKET), heard)
    notices.control = control
    calls = InnerCalls(gateway, keeper.plane.door.rules.internal)
    asking = gateway.dispatcher
    tools.hot.update(calls=calls, prices=plane.prices, provider_of=asking.first_provider, fleet=asking.fleet)
    gateway.explained_with(tools)
    return House(
        floor, keeper, gateway, notices, control, Supervisor(settings, floor.tasks), LoopWatch(), calls, to_us(clock.now()),
        catalog, telemetry, governing, spending, providing,
    )  # fmt: skip


def _floor(settings: Settings) -> Floor:
    """What stands below the gateway."""
    clock = SystemClock()
    ids = Ids(clock)
    database = Database(settings.main_db_url)
    cache = ResponseCache(
        CacheLimits(settings.cache_memory_bytes, settings.cache_disk_bytes, ttl_s=settings.cache_ttl_s), clock,
        settings.data_dir / "cache.db",
    )  # fmt: skip
    return Floor(
        settings, clock, ids, Tasks(), database, Recorder(RecorderConfig.from_settings(settings), clock, ids), cache,
        HttpClient(ClientConfig.from_settings(settings)), MemoryStore(), KeyUse(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ChainCompiler:
    """Makes the chains of tenants from what they say of their modules."""

    database: Database
    catalog: Catalog
    tools: Tools

    def compile(self, own: Mapping[str, Setting]) -> Chain:
        """The chain of a tenant that says `own` of its modules."""
        configs = self.catalog.configs(
            {name: setting.fields for name, setting in own.items() if setting.is_own}
        )
        return compile_chain(self.catalog.order, configs, self.tools)

    async def all(self) -> dict[str, Chain]:
        """The chains of all tenants that say anything."""
        async with self.database.reading() as db:
            return {tenant: self.compile(own) for tenant, own in (await load_modules(db)).items()}

    async def rebuild(self, plane: Plane, tenant: str) -> dict[str, Any]:
        """The plane's chains after a change of one tenant's modules."""
        async with self.database.reading() as db:
            own = (await load_modules(db, tenant)).get(tenant)
        chains = {other: chain for other, chain in plane.chains.items() if other != tenant}
        return {"chains": chains if own is None else chains | {tenant: self.compile(own)}}


async def _first_plane(floor: Floor, compiler: ChainCompiler, providing: Providing) -> Plane:
    settings = floor.settings
    async with floor.database.reading() as db:
        door = await load_door(db, settings, clock=floor.clock, use=floor.use)
    return Plane(
        door,
        providing.table,
        providing.prices,
        compiler.compile({}),
        await compiler.all(),
    )


def _key_builder(floor: Floor) -> Any:
    async def build_keys(plane: Plane, tenant: str) -> Mapping[str, Any]:
        async with floor.database.reading() as db:
            return {"door": await reload_keys(db, plane.door, tenant)}

    return build_keys


def _fleet(floor: Floor, rules: ModuleConfig, health: Health) -> Fleet:
    news = FleetNews(floor.database, floor.tasks, floor.ids, floor.clock)
    return Fleet(floor.clock, fleet_rules(rules), health=health, changed=news.changed)


def _gateway(floor: Floor, keeper: PlaneKeeper, purse: Purse, fleet: Fleet) -> Gateway:
    settings, clock = floor.settings, floor.clock
    settler = Settler(clock, floor.recorder, keeper, floor.cache, purse)
    mock = MockProvider(latency_ms=settings.mock_latency_ms, chunk_ms=settings.mock_chunk_ms)
    deadlines = Deadlines(
        settings.connect_timeout_s,
        settings.first_byte_timeout_s,
        settings.idle_timeout_s,
        settings.total_timeout_s,
    )
    dispatcher = Dispatcher(
        clock, floor.recorder, keeper, settler, Lines(floor.client, mock, deadlines, fleet)
    )
    models = ModelList(clock, keeper, floor.client, mock, settings.model_aliases)
    return Gateway(Parts(clock, floor.ids, keeper, floor.recorder, dispatcher, floor.cache, settler, models,
        Passing(clock, floor.recorder, keeper, settler, Exits(floor.client, deadlines, fleet, dispatcher.planner)),
        ResponseMemory(floor.database, floor.recorder, clock),
    ))  # fmt: skip


async def _serve(settings: Settings) -> int:
    sock = bind(settings.host, settings.port)
    house = await build(settings)
    await house.start()
    try:
        server = make_listener(house)
        sweeper = house.floor.tasks.spawn(server.seam.sweep(), name="seam.sweep")
        server.on_started = lambda: _announce(settings, sock.getsockname()[1])
        gc.collect()
        gc.freeze()
        await server.serve(sockets=[sock])
        sweeper.cancel()
    finally:
        await house.close()
    return 0


def make_listener(house: House) -> Listener:
    """The server of the house, not listening yet."""
    settings = house.floor.settings
    seam = SeamSettings(
        house.gateway,
        max_body_bytes=settings.max_body_bytes,
        max_header_bytes=settings.max_header_bytes,
        root_path=settings.root_path,
    )
    tls = (settings.tls_cert, settings.tls_key) if settings.tls_cert else None
    return listener(
        LazyApi(lambda: build_control(house)), seam, socket_path(settings.data_dir, GATEWAY_SOCKET),
        Manner(settings.root_path, tls, settings.shutdown_grace_s),
    )  # fmt: skip


def build_control(house: House) -> Asgi:
    """The management API. FastAPI is imported here, behind the hot routes, so that `/v1` answers first."""
    from headgate.control import Services, build_control_api

    floor = house.floor
    services = Services(
        floor.database, floor.clock, floor.ids, house.notices, floor.recorder, house.calls, floor.settings,
        {
            "recorder": floor.recorder, "cache": floor.cache, "client": floor.client, "loop": house.watch,
            "worker": house.supervisor, "fast": floor.fast, "started_us": house.started_us,
            "modules": house.catalog, "fleet": house.gateway.dispatcher.fleet, **house.governing.hot, **house.spending.hot,
            "prices": house.spending.prices,
            **house.providing.desk(lambda: house.keeper.plane.providers, house.gateway.dispatcher.fleet, floor.client),
        },
    )  # fmt: skip
    return build_control_api(services, house.gateway, lambda: house.keeper.plane.door)


def _announce(settings: Settings, port: int) -> None:
    """The lines an operator wants to see at start."""
    scheme = "https" if settings.tls_cert else "http"
    log.info(
        "gateway.ready",
        url=f"{scheme}://{settings.host}:{port}",
        mode="protected" if settings.protected else "open",
    )
    if not settings.protected:
        log.warning(
            "gateway.open_mode",
            detail="no key is asked for; whoever reaches this port is admin. Set PUNK_API_KEY to protect it.",
        )
