"""OpenAI's Responses API: the client format, and its codec to and from the neutral form."""
