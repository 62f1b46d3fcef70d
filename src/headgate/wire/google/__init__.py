"""Google's Gemini API: the client formats under `/v1beta`, and their codec to and from the neutral form."""
