"""Static settings: one frozen class with a sentence for each, and the only reader of the environment."""

# ruff: noqa: RUF009 - `setting` returns a field of the dataclass
from __future__ import annotations

import dataclasses
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from typing_extensions import override

from headgate.config_sources import Gathered, gather
from headgate.config_values import Rule, hidden, shown, with_hidden_key
from headgate.kernel.secret import Secret
from headgate.providers.rows import ROWS

KIB, MIB, GIB = 2**10, 2**20, 2**30
WEB = ("http", "https")
DATABASES = ("postgresql", "postgres", "postgresql+asyncpg", "sqlite", "sqlite+aiosqlite")
LOOPBACK_NAMES = frozenset({"localhost", "ip6-localhost"})


def setting(default: Any, sentence: str, *also: str, **rule: Any) -> Any:
    """A field of Settings. `also` are the variables read after HEADGATE_<NAME>; the rest are the fields of `Rule`."""
    metadata = {"rule": Rule(sentence, also, **rule)}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=dict[str, Any], metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is fixed while the program runs."""

    # A setting reads as a row of a table: default, sentence, other variables, limits.
    # fmt: off

    # where it listens
    host: str = setting("127.0.0.1",
        "Address to listen on. Not a loopback address only with a key or `allow_open`.", "PUNK_HOST", flag="--host")
    port: int = setting(4100, "Port to listen on; 0 takes a free one.", "PUNK_PORT", low=0, high=65535, flag="--port")
    root_path: str = setting("", "Path under which a proxy shows the gateway, such as `/llm`.", flag="--root-path")
    tls_cert: str = setting("", "File with the TLS certificate chain (PEM). Needs `tls_key`.", flag="--tls-cert")
    tls_key: str = setting("", "File with the private key of the certificate (PEM).", flag="--tls-key")
    trusted_proxies: tuple[str, ...] = setting((), "Addresses or networks of proxies whose `X-Forwarded-*` headers count.")
    hosts: tuple[str, ...] = setting((), "Names that may stand in `Host` besides loopback names, in open mode.")
    cors_origins: tuple[str, ...] = setting((),
        "Web origins that may call from a browser, such as `https://app.example.com`.")
    max_body_bytes: int = setting(32 * MIB, "Largest JSON body of a request.", kind="bytes", low=KIB)
    max_header_bytes: int = setting(64 * KIB,
        "Largest head of a request.", kind="bytes", low=KIB)
    shutdown_grace_s: float = setting(30.0,
        "How long open streams and running jobs may finish at shutdown, in seconds.", low=0)

    # where it keeps things
    data_dir: Path = setting(Path("data"), "Folder of the database, the spool, the keys and the sockets.", flag="--data-dir")
    config: str = setting("", "YAML file with settings; its keys are their names.", flag="--config")
    database_url: str = setting("",
        "Main database: `postgresql://...` or `sqlite:///...`. Empty: SQLite in the data folder.",
        "PUNK_DATABASE_URL", "DATABASE_URL", kind="url", schemes=DATABASES)
    db_path: str = setting("", "File of the SQLite database, when it is not to lie in the data folder.", "PUNK_DB_PATH")
    valkey_url: str = setting("",
        "Valkey or Redis for what several gateways share. Asked for by `workers`; several are not available yet.",
        kind="url", schemes=("valkey", "valkeys", "redis", "rediss", "unix"))

    # processes
    workers: int = setting(1,
        "Number of gateway processes. More than one is not available yet.", low=1, high=64, flag="--workers")
    worker: bool = setting(True,
        "Whether `serve` starts the worker process for background jobs.", flag="--worker/--no-worker")
    worker_poll_ms: int = setting(500,
        "Pause between two looks for work when the worker is idle, in milliseconds.",
        "PUNK_WORKER_POLL_MS", low=10, high=60_000)
    log_level: str = setting("info",
        "Least severe log lines that are written.", choices=("debug", "info", "warning", "error"), flag="--log-level")
    log_json: bool | None = setting(None, "Logs as JSON lines; unset: JSON unless stderr is a terminal.")

    # who may come in
    api_key: Secret = setting(Secret(),
        "Admin token of the default tenant; when it is set, every call needs a key (protected mode).", "PUNK_API_KEY")
    require_login: bool = setting(False,
        "Protected mode without an admin token in the settings: keys come from `headgate keys create`.", "PUNK_REQUIRE_LOGIN")
    allow_open: bool = setting(False, "Allows open mode on an address that is not loopback. Anybody who reaches it is admin.")
    signup: Literal["closed", "open"] = setting("closed",
        "Whether anybody may make a project in protected mode.", choices=("closed", "open"))
    admin_email: str = setting("",
        "Address of the first administrator of the dashboard.", "PUNK_ADMIN_EMAIL", used_by="the dashboard login")
    admin_password: Secret = setting(Secret(),
        "Password of the first administrator.", "PUNK_ADMIN_PASSWORD", used_by="the dashboard login")
    rate_limit_rpm: int | None = setting(None,
        "Management requests per caller and minute; 0 is off. Unset: 300 in protected mode, off in open mode.",
        "PUNK_RATE_LIMIT_RPM", low=0)
    chat_rate_limit_rpm: int | None = setting(None,
        "Model calls per caller and minute; 0 is off. Unset: 600 in protected mode, off in open mode.",
        "PUNK_CHAT_RATE_LIMIT_RPM", low=0)
    metrics_public: bool = setting(False, "Whether `/metrics` answers without a key in protected mode.")

    # providers
    provider: str = setting("",
        "Who answers models that no provider claims: `mock` (and nobody else), or a provider's name. "
        "Empty: `openai` when its key or address is set; `mock` when no provider is configured.",
        "PUNK_PROVIDER", choices=("", "mock", *ROWS))
    provider_env: dict[str, Any] = setting({},
        "Keys and addresses of providers by the providers' own variables, which are read from the environment: "
        "`GROQ_API_KEY`, `GROQ_BASE_URL`, ... Several keys with commas between them are a pool.")
    providers: dict[str, Any] = setting({},
        "Further providers by name: `base_url`, and `api_key`, `family`, `models`, `headers` if they need them.")
    model_routes: dict[str, Any] = setting({},
        "Where models go, before anything else is asked: a name, or its beginning and `*`, to one or several of "
        "`provider`, `provider:model` or `{provider, model, weight}`, best first.")
    allow_private_providers: bool | None = setting(None,
        "Whether providers added at run time may be at private addresses; unset: only in open mode.")
    openai_api_key: Secret = setting(Secret(), "Key for OpenAI or the service at `openai_base_url`.", "OPENAI_API_KEY")
    openai_base_url: str = setting("",
        "Address of an OpenAI-compatible service, with or without `/v1`.", "OPENAI_BASE_URL", kind="url", schemes=WEB)
    anthropic_api_key: Secret = setting(Secret(), "Key for Anthropic.", "ANTHROPIC_API_KEY")
    anthropic_base_url: str = setting("",
        "Address of an Anthropic-compatible service.",
        "ANTHROPIC_BASE_URL", kind="url", schemes=WEB)
    openrouter_api_key: Secret = setting(Secret(),
        "Key for OpenRouter.", "OPENROUTER_API_KEY")
    openrouter_base_url: str = setting("https://openrouter.ai/api",
        "Address of OpenRouter.", "OPENROUTER_BASE_URL", kind="url", schemes=WEB)
    openrouter_site_url: str = setting("",
        "Site named to OpenRouter; empty: `app_base_url`.", "OPENROUTER_SITE_URL")
    openrouter_app_name: str = setting("Punk Chorus",
        "Application named to OpenRouter.", "OPENROUTER_APP_NAME")
    mock_latency_ms: int = setting(0,
        "Time that the mock provider takes before it answers, in milliseconds.", low=0, high=600_000)
    mock_chunk_ms: int = setting(0,
        "Pause of the mock provider between two chunks of a stream, in milliseconds.", low=0, high=60_000)
    prices: dict[str, Any] = setting({},
        "Prices of your own, before the built-in ones: model name to dollars per million tokens.")
    model_aliases: dict[str, Any] = setting({}, "Names that clients may ask for, and the model that each stands for.")

    # connections to providers
    connect_timeout_s: float = setting(5.0, "Longest wait for a connection to a provider, in seconds.", low=0.01, high=600)
    first_byte_timeout_s: float = setting(600.0, "Longest wait for the head of an answer, in seconds.", low=0.01)
    idle_timeout_s: float = setting(600.0, "Longest silence inside an answer, in seconds.", low=0.01)
    total_timeout_s: float = setting(1800.0, "Longest time for a whole call, in seconds.", low=0.01)
    pool_idle_s: float = setting(15.0, "How long an idle connection to a provider is kept, in seconds.", low=0)
    pool_per_host: int = setting(512, "Most connections to one provider address.", low=1, high=65535)
    https_proxy: str = setting("",
        "HTTP proxy through which TLS providers are reached (CONNECT).",
        "HTTPS_PROXY", "https_proxy", kind="url", schemes=WEB)
    no_proxy: str = setting("", "Hosts reached without the proxy, with commas between them.", "NO_PROXY", "no_proxy")
    ssl_cert_file: str = setting("", "File with further certificate authorities (PEM).", "SSL_CERT_FILE")

    # the record
    on_record_failure: Literal["refuse", "serve"] = setting("refuse",
        "When a call cannot be recorded: refuse it before anything is spent, or serve it and count the loss.",
        choices=("refuse", "serve"))
    spool_fsync: Literal["interval", "always", "never"] = setting("interval",
        "When the spool is forced to disk: each second, for each frame, or when the system likes.",
        choices=("interval", "always", "never"))
    spool_segment_bytes: int = setting(64 * MIB,
        "Size of one spool file, taken from the disk when it is made.", kind="bytes", low=64 * KIB, high=2 * GIB)
    spool_max_bytes: int = setting(4 * GIB,
        "Most that the spool may hold while the database is away.", kind="bytes", low=128 * KIB)
    drain_interval_ms: int = setting(150,
        "Pause between two moves from the spool to the database, in milliseconds.", low=1, high=10_000)
    retention_days: int = setting(90,
        "Age after which payloads of runs are deleted, in days; 0 keeps them.", "PUNK_RETENTION_DAYS", low=0)
    retention_max_bytes: int = setting(0,
        "Most bytes of payloads that are kept, the oldest go first; 0 is no limit.", kind="bytes", low=0)

    # the cache and the modules
    cache_ttl_s: int = setting(86400, "How long an answer may be served from the cache, in seconds.", low=1)
    cache_memory_bytes: int = setting(64 * MIB, "Most bytes of answers kept in memory.", kind="bytes", low=0)
    cache_disk_bytes: int = setting(GIB, "Most bytes of answers kept on disk.", kind="bytes", low=0)
    projects: dict[str, Any] = setting({},
        'Projects by name with their caps in dollars, such as `{"web": {"caps": {"daily": 5, "monthly": 100}}}`.')
    caps: dict[str, Any] = setting({},
        'Caps of others in dollars, such as `{"user:alice": {"daily": 1}, "session:*": {"daily": 2, "soft": true}}`.')
    modules: dict[str, Any] = setting({}, 'Settings of modules by name, such as `{"secretscan": {"enabled": false}}`.')

    # read now, for features to come
    learn_interval_ms: int = setting(10_000,
        "Pause between two rounds of learning, in milliseconds.", "PUNK_LEARN_INTERVAL_MS", low=100, used_by="the learner")
    auto_promote: bool = setting(False,
        "Whether proven artifacts go live by themselves.", "PUNK_AUTO_PROMOTE", used_by="the learner")
    policies_dir: Path = setting(Path("policies"), "Folder of policy files (YAML).", "PUNK_POLICIES_DIR")
    chorus_sota_synthesis_model: str = setting("",
        "Model that writes the final answer of `punk/chorus`; empty: by the providers there are.",
        "PUNK_CHORUS_SOTA_SYNTHESIS_MODEL", used_by="chorus")
    app_base_url: str = setting("",
        "Address at which people see this gateway.", "PUNK_APP_BASE_URL")
    plasmate_url: str = setting("",
        "WebSocket address of a Plasmate browser.",
        "PLASMATE_URL", kind="url", schemes=("ws", "wss", *WEB), used_by="the web runtime")
    meshguard_url: str = setting("", "Address of MeshGuard.", "MESHGUARD_URL", kind="url", schemes=WEB, used_by="agent trust")
    meshguard_api_key: Secret = setting(Secret(), "Key for MeshGuard.", "MESHGUARD_API_KEY", used_by="agent trust")
    allow_private_web_fetch: bool | None = setting(None,
        "Whether web fetches may reach private addresses; unset: only in open mode.",
        "PUNK_ALLOW_PRIVATE_WEB_FETCH", used_by="the web runtime")
    allow_private_webhooks: bool | None = setting(None,
        "Whether webhooks may reach private addresses; unset: only in open mode.",
        "PUNK_ALLOW_PRIVATE_WEBHOOKS", used_by="webhook delivery")
    gateway_url: str = setting("http://localhost:4100",
        "Address of the gateway for programs that talk to it.",
        "PUNK_GATEWAY_URL", kind="url", schemes=WEB, used_by="the MCP server")
    mcp_api_key: Secret = setting(Secret(),
        "Key with which the MCP server calls the gateway.", "PUNK_MCP_API_KEY", used_by="the MCP server")
    stripe_secret_key: Secret = setting(Secret(), "Key for Stripe.", "STRIPE_SECRET_KEY", used_by="billing")

    # fmt: on
    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # a plain string given in code is a secret too
            value = getattr(self, field.name)
            if field.type == "Secret" and isinstance(value, str):
                object.__setattr__(self, field.name, Secret(value))
        object.__setattr__(self, "provider_env", hidden(self.provider_env))
        object.__setattr__(
            self, "providers", {name: with_hidden_key(given) for name, given in self.providers.items()}
        )

    @property
    def protected(self) -> bool:
        """Whether every call needs a credential."""
        return bool(self.api_key) or self.require_login

    @property
    def main_db_url(self) -> str:
        """The main database without the name of a driver."""
        if not self.database_url:
            path = Path(self.db_path) if self.db_path else self.data_dir / "headgate.db"
            return f"sqlite:///{path.absolute()}"
        scheme, _, rest = self.database_url.partition("://")
        plain = scheme.partition("+")[0]
        return f"{'postgresql' if plain == 'postgres' else plain}://{rest}"

    @override
    def __repr__(self) -> str:
        parts = (
            f"{field.name}={shown(field, getattr(self, field.name))!r}" for field in dataclasses.fields(self)
        )
        return f"Settings({', '.join(parts)})"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, where each came from, and what to tell the operator."""

    settings: Settings
    origins: Mapping[str, str]
    warnings: tuple[str, ...]


class ConfigError(Exception):
    """The settings cannot be used. `problems` says each reason and its cure."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(
    overrides: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    serving: bool = True,
) -> Loaded:
    """Read the settings: command line, variables, `.env`, file, defaults. Raises ConfigError with every problem there is.
    `serving` False leaves out the checks that concern only a gateway."""
    gathered: Gathered = gather(
        dataclasses.fields(Settings),
        overrides or {},
        environ=os.environ if environ is None else environ,
        folder=folder or Path.cwd(),
    )
    problems = list(gathered.problems)
    if problems:
        raise ConfigError(problems)
    settings = Settings(**gathered.values)
    problems = check(settings) if serving else []
    if problems:
        raise ConfigError(problems)
    return Loaded(settings, gathered.origins, gathered.warnings)


def check(settings: Settings) -> list[str]:
    """What makes these settings unusable together, each with its cure."""
    return [problem for each in CHECKS if (problem := each(settings))]


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _open_to_the_world(settings: Settings) -> str:
    if settings.protected or settings.allow_open or is_loopback(settings.host):
        return ""
    return (
        f"HEADGATE_HOST is {settings.host}, which other machines can reach, and no key is required: "
        "anybody would be admin. Set HEADGATE_API_KEY (or HEADGATE_REQUIRE_LOGIN=1), or listen on 127.0.0.1, "
        "or set HEADGATE_ALLOW_OPEN=1 if the network is trusted."
    )


def _half_tls(settings: Settings) -> str:
    if bool(settings.tls_cert) == bool(settings.tls_key):
        return ""
    missing = "HEADGATE_TLS_KEY" if settings.tls_cert else "HEADGATE_TLS_CERT"
    return f"TLS needs a certificate and its key: {missing} is not set."


def _several_gateways(settings: Settings) -> str:
    if settings.workers == 1:
        return ""
    missing = [name for name, ready in (
        ("HEADGATE_DATABASE_URL (PostgreSQL)", settings.main_db_url.startswith("postgresql")),
        ("HEADGATE_VALKEY_URL", bool(settings.valkey_url)),
    ) if not ready]  # fmt: skip
    if missing:
        return (
            f"HEADGATE_WORKERS is {settings.workers}, but several gateways need {' and '.join(missing)}: "
            "without them limits and caches would be wrong. Set HEADGATE_WORKERS=1."
        )
    return (
        f"HEADGATE_WORKERS is {settings.workers}, but several gateways are not available yet: "
        "limits would not be shared. Set HEADGATE_WORKERS=1."
    )


def _spool_too_small(settings: Settings) -> str:
    if settings.spool_max_bytes >= 2 * settings.spool_segment_bytes:
        return ""
    return "HEADGATE_SPOOL_MAX_BYTES must be at least twice HEADGATE_SPOOL_SEGMENT_BYTES. Raise the first or lower the second."


CHECKS: tuple[Callable[[Settings], str], ...] = (
    _open_to_the_world,
    _half_tls,
    _several_gateways,
    _spool_too_small,
)
