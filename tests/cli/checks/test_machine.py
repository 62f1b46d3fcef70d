"""Doctor's checks of port, clock, TLS files and limits, against real faults."""

from __future__ import annotations

import datetime as dt
import os
import resource
import socket
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from headgate.cli.checks import machine
from headgate.cli.checks.upstream import ProviderAnswer
from headgate.config import Settings


def test_a_taken_port_names_who_has_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        [finding] = machine.port(Settings(port=taken.getsockname()[1]))
    assert finding.state == "bad"
    assert f"process {os.getpid()}" in finding.what
    assert "--port" in finding.cure


def test_a_free_port_is_free() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    [finding] = machine.port(Settings(port=port))
    assert finding.state == "ok"


def test_an_address_that_is_not_ours_is_bad() -> None:
    [finding] = machine.port(Settings(host="203.0.113.1", port=0, allow_open=True))
    assert finding.state == "bad"


def certificate(folder: Path, days: float) -> Settings:
    """A certificate of our own that ends in `days`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "headgate.test")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=90))
        .not_valid_after(now + dt.timedelta(days=days)).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "c.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "k.pem").write_bytes(pem)
    return Settings(tls_cert=str(folder / "c.pem"), tls_key=str(folder / "k.pem"))


@pytest.mark.parametrize(("days", "state"), [(60, "ok"), (3, "warn"), (-2, "bad")])
def test_the_end_of_the_certificate_is_seen(tmp_path: Path, days: float, state: str) -> None:
    [finding] = machine.tls(certificate(tmp_path, days))
    assert finding.state == state


def test_a_missing_certificate_is_bad(tmp_path: Path) -> None:
    [finding] = machine.tls(Settings(tls_cert=str(tmp_path / "none"), tls_key=str(tmp_path / "none")))
    assert finding.state == "bad"


def test_a_clock_that_differs_from_the_providers_is_a_warning(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    an_hour_ago = format_datetime(dt.datetime.now(dt.UTC) - dt.timedelta(hours=1), usegmt=True)
    [finding] = machine.clock(settings, ProviderAnswer(200, an_hour_ago))
    assert finding.state == "warn"
    assert [each.state for each in machine.clock(settings, None)] == ["ok"]


def test_a_clock_that_has_gone_back_is_bad(tmp_path: Path) -> None:
    later = tmp_path / "headgate.db"
    later.touch()
    os.utime(later, (4_000_000_000, 4_000_000_000))
    [finding] = machine.clock(Settings(data_dir=tmp_path), None)
    assert finding.state == "bad"


def test_too_few_open_files_are_a_warning() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        [finding] = machine.file_limit(Settings())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert finding.state == "warn"
    assert "ulimit -n" in finding.cure
