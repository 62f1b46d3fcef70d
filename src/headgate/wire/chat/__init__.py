"""OpenAI chat completions to and from the neutral form."""
