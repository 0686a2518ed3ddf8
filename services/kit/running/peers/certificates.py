"""What the settings of all peers share: files with certificates, which are whole pairs or none."""

import ssl
from pathlib import Path
from typing import Any


def check_pair(settings: Any, prefix: str) -> None:
    """Raises ValueError if a client certificate has no key, or a key no certificate."""
    certificate, key = (getattr(settings, f"{prefix}_{part}_file") for part in ("cert", "key"))
    if (certificate is None) != (key is None):
        given, missing = ("CERT", "KEY") if key is None else ("KEY", "CERT")
        raise ValueError(
            f"RINGI_{prefix.upper()}_{given}_FILE needs RINGI_{prefix.upper()}_{missing}_FILE: "
            "a client certificate is a pair of both"
        )


def has_files(settings: Any, prefix: str) -> bool:
    return any(getattr(settings, f"{prefix}_{part}_file") is not None for part in ("ca", "cert", "key"))


def client_context(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Checks the server's certificate and name. ``ca`` None: what the system trusts. Read anew at each call, so that
    connections that are made later use a certificate that was renewed meanwhile."""
    context = ssl.create_default_context(cafile=ca)
    if certificate is not None:
        context.load_cert_chain(certificate, key)
    return context
