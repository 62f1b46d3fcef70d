"""Configs as people have them."""

LITELLM = """
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: 500
  - model_name: fast
    litellm_params:
      model: groq/llama-3.1-8b-instant
      api_key: os.environ/GROQ_KEY_PROD
  - model_name: claude
    litellm_params:
      model: anthropic/claude-sonnet-4-5
      api_key: sk-ant-plain-text-key
      max_tokens: 4096
    model_info:
      input_cost_per_token: 0.000003
      output_cost_per_token: 0.000015
      id: claude-1
  - model_name: balanced
    litellm_params: {model: openai/gpt-4o-mini, api_key: os.environ/OPENAI_API_KEY, weight: 3}
  - model_name: balanced
    litellm_params: {model: mistral/mistral-small-latest, api_key: os.environ/MISTRAL_API_KEY, weight: 1, rpm: 10}
  - model_name: local
    litellm_params: {model: ollama_chat/llama3.2, api_base: "http://localhost:11434"}
  - model_name: inhouse
    litellm_params: {model: openai/our-model, api_base: "https://llm.example.com/v1", api_key: os.environ/INHOUSE_KEY}
  - model_name: exotic
    litellm_params: {model: watsonx/granite, api_key: os.environ/WATSONX_KEY}
  - model_name: "anthropic/*"
    litellm_params: {model: "anthropic/*", api_key: os.environ/ANTHROPIC_API_KEY}
litellm_settings:
  drop_params: true
  request_timeout: 120
  num_retries: 2
  fallbacks: [{"gpt-4o": ["claude", "fast"]}]
  context_window_fallbacks: [{"gpt-4o": ["claude"]}]
  success_callback: ["langfuse"]
  cache: true
  cache_params: {type: redis, host: localhost, ttl: 600}
  max_budget: 100
  budget_duration: 30d
  max_internal_user_budget: 2.5
  internal_user_budget_duration: 1d
router_settings:
  routing_strategy: simple-shuffle
  model_group_alias: {"gpt-4": "gpt-4o"}
  redis_host: localhost
general_settings:
  master_key: os.environ/LITELLM_MASTER_KEY
  database_url: os.environ/DATABASE_URL
  alerting: ["slack"]
environment_variables: {SOMETHING: else}
"""

PORTKEY_SPLIT = """
{"strategy": {"mode": "loadbalance"},
 "targets": [
   {"provider": "openai", "api_key": "sk-plain-text-key", "weight": 0.7,
    "override_params": {"model": "gpt-4o", "temperature": 0}},
   {"provider": "anthropic", "weight": 0.3, "override_params": {"model": "claude-sonnet-4-5"}, "retry": {"attempts": 2}},
   {"virtual_key": "azure-prod-123", "weight": 0.1}],
 "cache": {"mode": "simple", "max_age": 3600},
 "request_timeout": 30000,
 "input_guardrails": ["g1"]}
"""
PORTKEY_FALLBACK = """
{"strategy": {"mode": "fallback", "on_status_codes": [429]},
 "targets": [{"provider": "openai", "override_params": {"model": "gpt-4o"}},
             {"provider": "together-ai", "override_params": {"model": "llama-3"}}],
 "retry": {"attempts": 3}}
"""
PORTKEY_SINGLE = """
{"provider": "anthropic", "api_key": "sk-ant-plain", "override_params": {"model": "claude-haiku-4-5"},
 "cache": {"mode": "semantic", "max_age": 60}}
"""
