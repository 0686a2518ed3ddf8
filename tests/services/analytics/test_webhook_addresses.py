"""A webhook reaches into the firm's own network: by an address, a spelling of one, or a name that leads there."""

import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.settings import AnalyticsSettings
from services.analytics.webhooks.addresses import AddressRefusedError, AddressRules, CheckedResolver
from tests.support.http import settings_for

RULES = AddressRules()
PRIVATE = [
    "127.0.0.1", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1",
    "2001:0:7f00:1::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "203.104.209.7", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address: str) -> None:
    assert not RULES.allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_taken(address: str) -> None:
    assert RULES.allows(address)


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_judged_alike(address: Any) -> None:
    assert RULES.allows(f"::ffff:{address}") == RULES.allows(str(address))
    if not RULES.allows(str(address)):
        assert not RULES.allows(f"64:ff9b::{address}")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://hooks.firm.example/ringi?x=1", None),
        ("https://8.8.8.8:8443/", None),
        ("http://hooks.firm.example/", "url_not_https"),
        ("ftp://hooks.firm.example/", "url_not_https"),
        ("file:///etc/passwd", "url_malformed"),
        ("https://", "url_malformed"),
        ("https://[::1", "url_malformed"),
        ("https://x:99999/", "url_malformed"),
        ("https://a b/", "url_malformed"),
        ("https://a\\@127.0.0.1/", "url_malformed"),
        ("https://例え.jp/", "url_malformed"),
        ("https://user:pass@hooks.firm.example/", "url_with_credentials"),  # pragma: allowlist secret
        ("https://hooks.firm.example/#x", "url_with_credentials"),
        ("https://127.0.0.1/", "url_private"),
        ("https://127.1/", "url_private"),
        ("https://0x7f.0.0.1/", "url_private"),
        ("https://0177.0.0.1/", "url_private"),
        ("https://2130706433/", "url_private"),
        ("https://[::ffff:10.0.0.1]/", "url_private"),
        ("https://169.254.169.254/latest/meta-data", "url_private"),
    ],
)
def test_a_url_says_by_itself_whether_it_can_be_one(url: str, code: str | None) -> None:
    assert RULES.refuses(url) == code


def test_operations_can_allow_a_network_of_their_own() -> None:
    settings = AnalyticsSettings(
        **settings_for("analytics", "postgresql:///").model_dump()
        | {"webhook_allowed_networks": "10.1.0.0/16, fd00::/64", "webhook_allow_http": True}
    )
    rules = AddressRules.of(settings)
    assert rules.allows("10.1.2.3")
    assert rules.allows("fd00::5")
    assert not rules.allows("10.2.0.1")
    assert rules.refuses("http://10.1.2.3:8080/hook") is None
    with pytest.raises(ValueError, match="not-a-network"):
        AnalyticsSettings(**settings.model_dump() | {"webhook_allowed_networks": "not-a-network"})


class Names(AbstractResolver):
    """What a name resolves to, one answer after the other; the last stays."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {"hostname": host, "host": one, "port": port, "family": family, "proto": 0, "flags": 0} for one in addresses
        ]

    async def close(self) -> None: ...


@pytest.mark.parametrize("answer", [["10.0.0.1"], ["8.8.8.8", "127.0.0.1"], []])
async def test_a_name_with_one_private_address_is_refused_whole(answer: list[str]) -> None:
    with pytest.raises(AddressRefusedError):
        await CheckedResolver(RULES, Names(answer)).resolve("hooks.firm.example", 443)
    found = await CheckedResolver(RULES, Names(["8.8.8.8"])).resolve("hooks.firm.example", 443)
    assert [one["host"] for one in found] == ["8.8.8.8"]
