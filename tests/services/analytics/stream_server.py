"""The analytics service behind a real server, for tests of its stream: ``python -m … DATABASE_URL PORT KEY_FILE``."""

import asyncio
import sys
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from services.analytics.app import create_app
from tests.support.http import TestIssuer, settings_for, trust_issuer

GRACE_SECONDS = 20


async def serve(database_url: str, port: int, key: Ed25519PrivateKey) -> None:
    app = create_app(settings_for("analytics", database_url))
    await trust_issuer(app.state.kit, TestIssuer(key))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, timeout_graceful_shutdown=GRACE_SECONDS)
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    private_key = load_pem_private_key(Path(sys.argv[3]).read_bytes(), None)
    assert isinstance(private_key, Ed25519PrivateKey)
    asyncio.run(serve(sys.argv[1], int(sys.argv[2]), private_key))
