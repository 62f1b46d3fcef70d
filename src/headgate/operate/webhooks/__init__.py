"""The outbox of events that go out to whoever subscribed."""
