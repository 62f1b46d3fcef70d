"""A gateway in front of the mock provider for the modules' tests."""

from __future__ import annotations

from tests.gateway.conftest import running

__all__ = ["running"]
