"""Addresses of files: what is sent to them and comes from them passes through in pieces, never whole in memory."""

from __future__ import annotations

from typing import Final

from starlette.types import Scope

FILES_MARK: Final = "/-/files/"
"""Below it a remote takes and gives files."""
UPLOAD_MAX_BYTES: Final = 25 * 1024 * 1024
"""Of a form with a file; as the gateway's own cap. What one file may have is the service's to say."""


def is_upload(scope: Scope) -> bool:
    return scope["method"] == "POST" and FILES_MARK in scope["path"]
