"""OpenAI text completions asked of providers that only talk: the prompt is what the user says."""
