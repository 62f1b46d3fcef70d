"""Client formats: reading requests and answers, streams, and the minimal byte edits between client and provider."""
