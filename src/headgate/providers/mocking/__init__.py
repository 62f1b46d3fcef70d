"""What the mock provider says: texts, tool calls, JSON by schema, embeddings. The same request gives the same answer."""
