"""A tenant's fields lie over the server's; what no longer fits never switches a module off by accident."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.kernel.errors import BadRequest
from headgate.modules.catalog import Catalog
from tests.modules.test_settings import Given


def catalog(**modules: Any) -> Catalog:
    return Catalog(Given(modules))


def test_a_module_is_found_by_its_names() -> None:
    found = [catalog().find(name) for name in ("cachelayer", "cache", "nonesuch")]
    assert [kind and kind.spec.name for kind in found] == ["cachelayer", "cachelayer", None]


def test_the_tenants_fields_lie_over_the_servers() -> None:
    given = catalog(rateshield={"rpm": 60, "burst": 5})
    config: Any = given.configs({"rateshield": {"requests_per_minute": 7}})["rateshield"]
    assert (config.rpm, config.burst) == (7, 5)


def test_a_bad_field_is_named() -> None:
    given = catalog()
    kind = given.find("rateshield")
    assert kind is not None
    with pytest.raises(BadRequest) as refusal:
        given.config(kind, {"rpm": -1})
    assert refusal.value.param == "config.rpm"


def test_what_cannot_be_used_leaves_the_server_in_charge() -> None:
    given = catalog()
    configs = given.configs({"secretscan": {"enabled": False, "gone": 1}, "nonesuch": {"enabled": True}})
    assert configs["secretscan"].enabled and configs.keys() == given.server.keys()
