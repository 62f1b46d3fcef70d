"""Responses of OpenAI's Responses API that may be asked for again, or gone on from."""
