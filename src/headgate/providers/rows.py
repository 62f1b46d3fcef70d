"""The services that are known: where each is, which variables open it, and which model names are its own. Data only."""

# fmt: off
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Family = Literal["openai", "anthropic", "google", "bedrock", "azure", "vertex", "mock"]


@dataclass(frozen=True, slots=True)
class Row:
    """One service. Of `keys` and `urls`, which are variables, the first that is set counts. `url` is its own address, to which
    the path of a call is added without the `/v1` that it has on our side. A `local` one has no key of its own and is there
    only when its address is set."""

    name: str
    url: str
    keys: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    family: Family = "openai"
    local: bool = False
    extra: tuple[str, ...] = ()  # further variables: regions, versions, projects

    @property
    def variables(self) -> tuple[str, ...]:
        return (*self.keys, *self.urls, *self.extra)


def _row(name: str, url: str, *keys: str, family: Family = "openai", extra: tuple[str, ...] = ()) -> Row:
    return Row(name, url, keys, (f"{name.upper()}_BASE_URL",), family, extra=extra)


def _local(name: str, url: str) -> Row:
    return Row(name, url, (f"{name.upper()}_API_KEY",), (f"{name.upper()}_BASE_URL",), local=True)


AWS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")

ROWS: Mapping[str, Row] = MappingProxyType({row.name: row for row in (
    _row("openai", "https://api.openai.com/v1", "OPENAI_API_KEY"),
    _row("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", family="anthropic"),
    _row("gemini", "https://generativelanguage.googleapis.com", "GEMINI_API_KEY", "GOOGLE_API_KEY", family="google"),
    _row("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    _row("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    _row("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
    _row("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    _row("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    _row("perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    _row("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY",
         extra=("OPENROUTER_SITE_URL", "OPENROUTER_APP_NAME")),
    _row("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    _row("cohere", "https://api.cohere.com/compatibility/v1", "COHERE_API_KEY"),
    _row("replicate", "https://openai-proxy.replicate.com/v1", "REPLICATE_API_TOKEN"),
    Row("azure", "", ("AZURE_OPENAI_API_KEY",), ("AZURE_OPENAI_ENDPOINT", "AZURE_BASE_URL"), "azure",
        extra=("AZURE_OPENAI_API_VERSION",)),
    _row("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    _row("sambanova", "https://api.sambanova.ai/v1", "SAMBANOVA_API_KEY"),
    _row("deepinfra", "https://api.deepinfra.com/v1/openai", "DEEPINFRA_API_KEY"),
    _row("nvidia", "https://integrate.api.nvidia.com/v1", "NVIDIA_API_KEY"),
    _row("huggingface", "https://router.huggingface.co/v1", "HF_TOKEN"),
    _row("ai21", "https://api.ai21.com/studio/v1", "AI21_API_KEY"),
    _row("friendli", "https://api.friendli.ai/serverless/v1", "FRIENDLI_TOKEN"),
    _row("hyperbolic", "https://api.hyperbolic.xyz/v1", "HYPERBOLIC_API_KEY"),
    _row("novita", "https://api.novita.ai/v3/openai", "NOVITA_API_KEY"),
    _row("featherless", "https://api.featherless.ai/v1", "FEATHERLESS_API_KEY"),
    _row("lambda", "https://api.lambdalabs.com/v1", "LAMBDA_API_KEY"),
    _row("nebius", "https://api.studio.nebius.ai/v1", "NEBIUS_API_KEY"),
    _row("lepton", "https://api.lepton.ai/v1", "LEPTON_API_KEY"),
    _row("nscale", "https://inference.api.nscale.com/v1", "NSCALE_API_KEY"),
    _row("baseten", "https://bridge.baseten.co/v1/direct", "BASETEN_API_KEY"),
    _row("moonshot", "https://api.moonshot.cn/v1", "MOONSHOT_API_KEY"),
    _row("dashscope", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "DASHSCOPE_API_KEY"),
    _row("yi", "https://api.01.ai/v1", "YI_API_KEY"),
    _row("github", "https://models.inference.ai.azure.com", "GITHUB_MODELS_TOKEN"),
    _row("bedrock", "", "AWS_BEARER_TOKEN_BEDROCK", family="bedrock", extra=AWS),
    _row("vertex", "", family="vertex",
         extra=("VERTEX_PROJECT", "VERTEX_LOCATION", "GOOGLE_APPLICATION_CREDENTIALS")),
    _local("ollama", "http://localhost:11434/v1"),
    _local("lmstudio", "http://localhost:1234/v1"),
    _local("vllm", "http://localhost:8000/v1"),
    _local("sglang", "http://localhost:30000/v1"),
    _local("tgi", "http://localhost:8080/v1"),
)})

# variables that are settings of their own; all others are read into one mapping
SETTINGS = frozenset({
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "OPENROUTER_API_KEY",
    "OPENROUTER_BASE_URL", "OPENROUTER_SITE_URL", "OPENROUTER_APP_NAME",
})
VARIABLES = tuple(dict.fromkeys(name for row in ROWS.values() for name in row.variables if name not in SETTINGS))

# other words for a provider, in prefixes and in X-Provider
OTHER_NAMES: Mapping[str, str] = MappingProxyType({
    "aws": "bedrock", "azure_openai": "azure", "google": "gemini", "hf": "huggingface", "lm-studio": "lmstudio",
    "moonshotai": "moonshot", "together_ai": "together", "togetherai": "together", "vertex_ai": "vertex", "x-ai": "xai",
})

# beginnings of model names, and whose they are; the longest that fits counts
BEGINNINGS: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys((
        "gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "text-moderation-", "omni-moderation-", "dall-e-",
        "tts-", "whisper-", "codex-", "computer-use-", "davinci-", "babbage-", "sora-",
    ), "openai"),
    "claude-": "anthropic",
    **dict.fromkeys(("gemini-", "imagen-", "veo-"), "gemini"),
    **dict.fromkeys(("llama-", "mixtral-", "gemma"), "groq"),
    **dict.fromkeys((
        "mistral-", "codestral", "pixtral", "open-mistral", "ministral", "magistral", "devstral", "voxtral",
    ), "mistral"),
    "deepseek": "deepseek",
    "command-": "cohere",
    "accounts/fireworks/": "fireworks",
    **dict.fromkeys(("meta-llama/", "Meta-Llama/", "Qwen/", "mistralai/"), "together"),
    "sonar": "perplexity",
    "grok-": "xai",
    "jamba-": "ai21",
    **dict.fromkeys(("kimi-", "moonshot-"), "moonshot"),
    **dict.fromkeys(("qwen-", "qwq-", "qvq-"), "dashscope"),
    "yi-": "yi",
    **dict.fromkeys((
        "amazon.", "anthropic.", "ai21.", "cohere.", "meta.", "mistral.", "deepseek.", "us.", "eu.", "apac.", "global.",
        "arn:aws",
    ), "bedrock"),
})

# where the same model names are served when the first is not configured
ALTERNATES: Mapping[str, tuple[str, ...]] = MappingProxyType({"openai": ("azure",), "gemini": ("vertex",)})

# names of models with open weights, which a local service may have
OPEN_WEIGHTS = ("llama", "mixtral", "gemma", "mistral", "qwen", "deepseek", "phi", "codestral", "meta-llama/", "Qwen/")

# services that sell the models of others under `maker/model`
AGGREGATORS = ("openrouter", "huggingface", "deepinfra", "together", "novita", "nebius", "featherless", "hyperbolic", "groq")

# how the keys of a service begin, so that a caller's own key goes nowhere else; the longest that fits counts
KEY_BEGINNINGS: Mapping[str, str] = MappingProxyType({
    "sk-ant-": "anthropic", "sk-or-": "openrouter", "sk-proj-": "openai", "sk-svcacct-": "openai", "gsk_": "groq",
    "fw_": "fireworks", "pplx-": "perplexity", "xai-": "xai", "AIza": "gemini", "nvapi-": "nvidia", "hf_": "huggingface",
})
