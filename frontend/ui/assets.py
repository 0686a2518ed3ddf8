"""Built files: hashed names, compressed once at build time, cached for ever by browsers."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

BUILD_FOLDER: Final = Path(__file__).resolve().parent / "build"
ASSET_FOLDER: Final = BUILD_FOLDER / "assets"
ASSET_MANIFEST: Final = BUILD_FOLDER / "manifest.json"
ASSET_MARK: Final = "/-/assets/"
"""In the path of every file that a remote serves."""
_TYPES = {".css": "text/css", ".js": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
_IMMUTABLE = "public, max-age=31536000, immutable"


class AssetsNotBuilt(RuntimeError):
    """The build folder is missing: run `python -m frontend.ui.build`."""


@lru_cache(maxsize=1)
def built_assets() -> dict[str, str]:
    """Hashed file name by plain name, as the build wrote it."""
    if not ASSET_MANIFEST.exists():
        raise AssetsNotBuilt("frontend assets are not built; run: python -m frontend.ui.build")
    names: dict[str, str] = json.loads(ASSET_MANIFEST.read_text(encoding="utf-8"))
    return names


@lru_cache(maxsize=256)
def _content(name: str, suffix: str) -> bytes | None:
    path = ASSET_FOLDER / (name + suffix)
    return path.read_bytes() if path.exists() else None


async def serve_asset(request: Request) -> Response:
    """GET of a hashed file, whole (they are small: no ranges). Only names in the manifest exist."""
    name = request.path_params["name"]
    if name not in built_assets().values():
        return Response(status_code=404)
    headers = {"Cache-Control": _IMMUTABLE, "Vary": "Accept-Encoding", "X-Content-Type-Options": "nosniff"}
    packed = _content(name, ".gz") if "gzip" in request.headers.get("accept-encoding", "") else None
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    content = packed if packed is not None else _content(name, "")
    return Response(content, headers=headers, media_type=_TYPES[Path(name).suffix])
