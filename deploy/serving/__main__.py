"""One app in a process of its own: `python -m deploy.serving services.auth.app:create_app --host 0.0.0.0`."""

import argparse

from deploy.serving.run import serve
from services.kit.running import logging as kit_logging
from services.kit.running.settings import ServiceSettings


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.serving", description="Serve one app.")
    parser.add_argument("factory", help="module:function that makes the ASGI app")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args()
    settings = ServiceSettings()
    process = given.factory.partition(":")[0].removesuffix(".app")
    kit_logging.configure(level=settings.log_level, log_format=settings.log_format, process=process)
    serve(given.factory, host=given.host, port=given.port, factory=True)


if __name__ == "__main__":
    main()
