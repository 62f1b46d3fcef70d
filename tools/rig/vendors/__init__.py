"""Upstreams that speak as the vendors do: OpenAI, Anthropic, Google, Bedrock. Each first passes its vendor's own SDK."""
