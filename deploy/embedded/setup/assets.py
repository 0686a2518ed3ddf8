"""The browser's files, built when their sources changed (frontend.ui.build decides)."""

import asyncio
import sys

from deploy.embedded.children.logs import last_lines, tells_of_full_disk
from deploy.embedded.errors import DiskFullError, StartError
from deploy.embedded.setup.preflight import checkout


async def build_assets() -> None:
    """Raises StartError when npm or the build fails. A process of its own: it needs modules that a running system does
    not."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "frontend.ui.build",
        cwd=checkout(),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await process.communicate()
    except asyncio.CancelledError:
        process.kill()
        raise
    if process.returncode != 0:
        text = output.decode(errors="replace")
        if tells_of_full_disk(text):
            raise DiskFullError(checkout())
        said = last_lines(text)[-1:] or [f"exit code {process.returncode}"]
        raise StartError(
            f"The browser's files could not be built: {said[0][:300]}",
            "Check that npm reaches its registry (or mirror), then see the whole message: python -m frontend.ui.build",
        )
