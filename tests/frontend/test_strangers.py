"""What somebody who is not signed in costs the shell: CPU time per request is bounded, whatever they send."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from frontend.shell import app as shell
from frontend.ui.assets import built_assets
from frontend.ui.build import build
from frontend.ui.settings import FrontendSettings
from tests.support.http import NOWHERE
from tests.support.keys import FRONTEND_KEYS
from tests.support.strangers import long_bodies, long_heads, too_dear


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[Starlette]:
    build()
    settings = FrontendSettings(env="test", gateway_url=NOWHERE, **FRONTEND_KEYS, home=tmp_path)
    built = shell.create_app(settings)
    async with built.router.lifespan_context(built):
        yield built


@pytest.mark.parametrize("path", ["/customers", "/login"])
async def test_no_head_of_a_request_costs_more_than_a_moment(app: Starlette, path: str) -> None:
    assert await too_dear(app, long_heads(path)) == []


async def test_no_range_of_a_file_costs_more_than_a_moment(app: Starlette) -> None:
    name = next(iter(built_assets().values()))
    heads = (sent for sent in long_heads(f"/assets/{name}") if sent.what.startswith(("range", "if-range")))
    assert await too_dear(app, heads) == []


@pytest.mark.parametrize("path", ["/login", "/preferences/locale", "/customers"])
async def test_no_body_of_a_stranger_costs_more_than_a_moment(app: Starlette, path: str) -> None:
    assert await too_dear(app, long_bodies(path, limit=shell.STRANGERS_BODY_MAX)) == []
