"""A supervisor with small stand-ins for `web` and `worker`: what it does to them is what it does to the real ones.

Run as a script. With the argument `serve NAME PORT` it is such a stand-in: it says where it is in its life by a line on
standard output, and answers 200 to every GET. STANDIN_FAILS=NAME lets that one die before it is ready.
"""

import asyncio
import http.server
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from deploy.embedded.children.gate import wait_for_start
from deploy.embedded.errors import StartError
from deploy.embedded.parts.model import Part, PartName
from deploy.embedded.parts.probes import http_ok
from deploy.embedded.state.environment import process_environment
from deploy.embedded.state.home import Home
from deploy.embedded.state.ports import Ports
from deploy.embedded.supervision.progress import LineProgress
from deploy.embedded.supervision.supervisor import Plan, Supervisor


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Not a line for every probe."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def serve(name: str, port: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    say(f"{name} loaded, crash point {os.environ.get('CRASH_AT')}")
    wait_for_start(sys.argv)
    if os.environ.get("STANDIN_FAILS") == name:
        say(os.environ.get("STANDIN_SAYS", "something is broken"))
        sys.exit(7)
    say(f"{name} started")
    try:
        http.server.HTTPServer(("127.0.0.1", port), Answer).serve_forever()
    finally:
        say(f"{name} stopped")


def part(name: PartName, port: int, variables: Mapping[str, str]) -> Part:
    async def is_ready(_pid: int) -> bool:
        return await http_ok(port, "/")

    return Part(
        name=name,
        address=f"http://127.0.0.1:{port}",
        command=lambda: [sys.executable, __file__, "serve", name, str(port)],
        environment=process_environment(variables),
        is_ready=is_ready,
        waits_at_gate=True,
        drops_on_restart=frozenset({"CRASH_AT"}),
    )


def applications(ports: Ports, variables: Mapping[str, str]) -> Sequence[Part]:
    return [part(PartName.WEB, ports.web, variables), part(PartName.WORKER, ports.worker_metrics, variables)]


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2], int(sys.argv[3]))
        return
    progress = LineProgress()
    plan = Plan(applications, first_data=os.environ.get("STANDIN_FIRST_DATA"))
    try:
        asyncio.run(Supervisor(plan, Home.from_environment(), progress).run())
    except StartError as error:
        progress.failed(error.what, error.remedy)
        sys.exit(1)


if __name__ == "__main__":
    main()
