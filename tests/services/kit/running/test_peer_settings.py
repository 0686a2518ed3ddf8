"""Half a setting is refused when a process starts, in a sentence that says what is missing and tells no secret."""

import base64
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from frontend.ui.settings import FrontendSettings
from services.kit.running.settings import ServiceSettings
from tests.support.authority import Authority
from tests.support.http import settings_for
from tests.support.keys import FRONTEND_KEYS

KEY = base64.b64encode(bytes(range(32))).decode()
SECRETS = ("p4ssw0rd", KEY)
FILES = ("ca_file", "cert_file", "key_file")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    authority = Authority(tmp_path_factory.mktemp("authority"))
    client = authority.issue("client")
    return dict(zip(FILES, (authority.file, client.certificate, client.key), strict=True))


def refusal(cls: type[ServiceSettings] | type[FrontendSettings], given: dict[str, Any]) -> str:
    needed = {"env": "test", "identity_keys": FRONTEND_KEYS["identity_keys"], "gateway_url": "http://gateway"}
    with pytest.raises(ValidationError) as refused:
        cls(**(needed | given))
    return str(refused.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        *(
            ({f"{peer}_cert_file": "cert_file"}, f"RINGI_{peer.upper()}_CERT_FILE needs RINGI_{peer.upper()}_KEY_FILE")
            for peer in ("database", "kafka", "temporal", "redis", "otlp")
        ),
        ({"database_sslmode": "verify-full"}, "RINGI_DATABASE_SSLMODE=verify-full needs RINGI_DATABASE_CA_FILE"),
        ({"database_sslmode": "disable", "database_ca_file": "ca_file"}, "contradicts the certificates"),
        (
            {"kafka_security_protocol": "SASL_SSL", "kafka_username": "ringi"},
            "SASL_SSL needs RINGI_KAFKA_USERNAME and RINGI_KAFKA_PASSWORD",
        ),
        (
            {"kafka_username": "ringi", "kafka_password": SecretStr("p4ssw0rd")},
            "need RINGI_KAFKA_SECURITY_PROTOCOL=SASL_SSL",
        ),
        ({"kafka_security_protocol": "SASL_PLAINTEXT"}, "'PLAINTEXT', 'SSL' or 'SASL_SSL'"),
        ({"kafka_ca_file": "ca_file"}, "need RINGI_KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL"),
        (
            {"temporal_tls": False, "temporal_api_key": SecretStr("p4ssw0rd")},
            "RINGI_TEMPORAL_TLS=false contradicts an API key",
        ),
        ({"temporal_server_name": "ns.tmprl.cloud"}, "RINGI_TEMPORAL_SERVER_NAME needs RINGI_TEMPORAL_TLS=true"),
        (
            {"redis_url": "redis://:p4ssw0rd@redis", "redis_ca_file": "ca_file"},
            "a RINGI_REDIS_URL that begins with rediss://",
        ),
        ({"otlp_endpoint": "http://otel", "otlp_ca_file": "ca_file"}, "begins with https://"),
        ({"otlp_headers": SecretStr("p4ssw0rd")}, "RINGI_OTLP_HEADERS is not of the form name=value"),
        ({"temporal_payload_keys": SecretStr("p4ssw0rd")}, "RINGI_TEMPORAL_PAYLOAD_KEYS: the key p4ssw0rd is not"),
        ({"temporal_payload_keys": SecretStr(f"a:{KEY},a:{KEY}")}, "names the key a twice"),
        ({"temporal_payload_keys": SecretStr(f"a:{KEY[:-8]}")}, "the key a is not 32 bytes in Base64"),
        ({"temporal_payload_keys": SecretStr(f"a b:{KEY}")}, "is not of the form id:key"),
        ({"temporal_payload_keys": SecretStr(" , ")}, "names no key"),
    ],
)
def test_half_a_setting_is_refused_in_a_clear_sentence(
    files: dict[str, Path], given: dict[str, Any], said: str
) -> None:
    values = {name: files.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
    told = refusal(ServiceSettings, values)
    assert said in told
    assert not [secret for secret in SECRETS if secret in told.replace("the key p4ssw0rd", "")]


def test_a_file_that_is_not_there_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    assert "kafka_ca_file" in refusal(ServiceSettings, {"kafka_ca_file": tmp_path / "absent.pem"})


def test_the_shell_asks_the_same_of_redis(files: dict[str, Path]) -> None:
    assert "need each other" in refusal(FrontendSettings, {"redis_cert_file": files["cert_file"]})
    plain = {"redis_url": "redis://:p4ssw0rd@redis", "redis_ca_file": files["ca_file"]}
    told = refusal(FrontendSettings, plain)
    assert "begins with rediss://" in told
    assert "p4ssw0rd" not in told
    given: dict[str, Any] = {"redis_url": "rediss://redis:6380/1?ssl_ca_certs=/own.pem"}
    given |= {f"redis_{name}": files[name] for name in FILES}
    shell = FrontendSettings(env="test", gateway_url="http://gateway", **FRONTEND_KEYS, **given)
    service = settings_for("analytics", "postgresql://x/y", **given)
    assert (
        shell.redis_address
        == service.redis_address
        == (
            f"rediss://redis:6380/1?ssl_ca_certs=/own.pem&ssl_certfile={files['cert_file']}&ssl_keyfile={files['key_file']}"
        )
    )


def test_no_secret_is_shown_with_the_settings(files: dict[str, Path]) -> None:
    settings = settings_for(
        "auth",
        "postgresql://ringi:p4ssw0rd@db/ringi_auth",  # pragma: allowlist secret
        redis_url="rediss://:p4ssw0rd@redis",
        kafka_bootstrap="kafka:9093",
        kafka_security_protocol="SASL_SSL",
        kafka_username="ringi",
        kafka_password="p4ssw0rd",
        temporal_api_key="p4ssw0rd",
        temporal_payload_keys=f"a:{KEY}",
        otlp_endpoint="https://otel",
        otlp_headers="authorization=p4ssw0rd",
    )
    shown = f"{settings!r} {settings.kafka()!r} {settings.payload_keys()!r}"
    assert not [secret for secret in SECRETS if secret in shown]
    assert settings.otlp_exporter_options()["headers"] == {"authorization": "p4ssw0rd"}
    assert settings.temporal_security()["api_key"] == "p4ssw0rd"


def test_files_ask_for_the_strictest_check_unless_told_otherwise(files: dict[str, Path]) -> None:
    url = "postgresql://ringi@db/ringi_auth"
    strict = settings_for("auth", url, database_ca_file=files["ca_file"]).database_url_for("auth")
    assert strict == f"{url}?sslmode=verify-full&sslrootcert={files['ca_file']}"
    assert settings_for("auth", url).database_url_for("auth") == url
    own = f"{url}?sslmode=require"
    told = settings_for("auth", own, database_ca_file=files["ca_file"]).database_url_for("auth")
    assert told == f"{own}&sslrootcert={files['ca_file']}"
