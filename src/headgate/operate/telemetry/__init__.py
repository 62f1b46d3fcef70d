"""OpenTelemetry out: a span for each call, sent by a thread of its own. Needs the extra `otel`."""
