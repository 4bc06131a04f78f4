"""What is wrong with a connection is told apart: server, protocol, certificate, token."""

import socket
from collections.abc import Iterator
from concurrent import futures
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.search.library.milvus.servers import free_port
from tests.search.library.milvus.test_contract import built, records
from web.cli import main

grpc = pytest.importorskip("grpc", reason="pymilvus is not installed")
x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed")


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for this machine that signs itself, and its key, as files."""
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    files = folder / f"{name}.pem", folder / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


class LetsNobodyIn(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers every call as Milvus answers who has no right token."""

    def service(self, details: object) -> object:
        def refuse(_: bytes, context: "grpc.ServicerContext") -> bytes:
            context.abort(
                grpc.StatusCode.UNAUTHENTICATED,
                "auth check failure, please check username and password are correct",
            )
            raise AssertionError

        return grpc.unary_unary_rpc_method_handler(refuse)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, published_layout: Path) -> Path:
    return built(tmp_path_factory.mktemp("connection"), published_layout, records()[:2])


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("signed"), "milvus")


@pytest.fixture(scope="module")
def strict(signed: tuple[Path, Path]) -> Iterator[tuple[int, int]]:
    """The ports, with and without TLS, of a server that lets nobody in."""
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[LetsNobodyIn()])
    file, key = signed
    credentials = grpc.ssl_server_credentials([(key.read_bytes(), file.read_bytes())])
    ports = (
        server.add_secure_port("127.0.0.1:0", credentials),
        server.add_insecure_port("127.0.0.1:0"),
    )
    server.start()
    yield ports
    server.stop(None)


def said(library: Path, address: str) -> str:
    """The one line in which ``publish`` ends."""
    done = CliRunner().invoke(main, ["publish", str(library), "--to", address])
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    return done.output.splitlines()[-1]


def test_no_server(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.publishing._ABSENT", 0.0)
    address = f"milvus://127.0.0.1:{free_port()}/x"
    assert said(library, address).startswith(f"Error: {address}: no server listens at 127.0.0.1")


def test_a_name_that_is_no_machine(library: Path) -> None:
    line = said(library, "milvus://no-such-machine.invalid:19530/x")
    assert "no machine is called no-such-machine.invalid" in line


def test_a_wrong_token(library: Path, strict: tuple[int, int]) -> None:
    line = said(library, f"milvus://127.0.0.1:{strict[1]}/x")
    assert "does not take who asks" in line
    assert "JMEDSEARCH_MILVUS_TOKEN" in line


def test_a_certificate_that_nobody_vouches_for(library: Path, strict: tuple[int, int]) -> None:
    line = said(library, f"milvus+tls://127.0.0.1:{strict[0]}/x")
    assert "certificate is not trusted" in line
    assert "JMEDSEARCH_MILVUS_CA" in line


def test_an_authority_of_ones_own(
    library: Path,
    strict: tuple[int, int],
    signed: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"milvus+tls://127.0.0.1:{strict[0]}/x"
    monkeypatch.setenv("JMEDSEARCH_MILVUS_CA", str(signed[0]))
    # Through TLS, and as far as the token.
    assert "does not take who asks" in said(library, address)
    another, _ = certificate(tmp_path, "another")
    monkeypatch.setenv("JMEDSEARCH_MILVUS_CA", str(another))
    assert "certificate is not trusted" in said(library, address)
    monkeypatch.setenv("JMEDSEARCH_MILVUS_CA", str(tmp_path / "missing.pem"))
    assert "missing.pem cannot be read" in said(library, address)
    (tmp_path / "text.pem").write_text("no certificate")
    monkeypatch.setenv("JMEDSEARCH_MILVUS_CA", str(tmp_path / "text.pem"))
    assert "holds no certificate" in said(library, address)


def test_tls_on_one_side_alone(library: Path, strict: tuple[int, int]) -> None:
    assert "write milvus+tls://" in said(library, f"milvus://127.0.0.1:{strict[0]}/x")
    assert "write milvus:// instead" in said(library, f"milvus+tls://127.0.0.1:{strict[1]}/x")


def test_what_takes_connections_and_says_nothing(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.publishing._ABSENT", 0.0)
    monkeypatch.setattr("indexer.publishing._SILENT", 0.0)
    monkeypatch.setattr("search.library.milvus.milvus_server.TIMEOUT", 0.5)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        line = said(library, f"milvus://127.0.0.1:{silent.getsockname()[1]}/x")
    assert "Milvus does not answer" in line
