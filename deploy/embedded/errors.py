"""What may keep the embedded run from starting, said in two lines: what is wrong, and what to do about it."""


class StartError(Exception):
    """The run cannot start (or go on). `what` and `remedy` are each one line for the person at the terminal."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(f"{what} {remedy}")
        self.what = what
        self.remedy = remedy


class AlreadyRunningError(StartError):
    """Another supervisor holds the lock of this state folder."""

    def __init__(self, home: object, pid: int | None, address: str | None) -> None:
        who = f"pid {pid}" if pid else "another process"
        where = f", {address}" if address else ""
        super().__init__(
            f"Ringi is already running in {home} ({who}{where}).",
            "Use that one, stop it with `make down`, or choose another state folder with RINGI_HOME.",
        )


class DiskFullError(StartError):
    """The disk below the state folder has no room for what would be written."""

    def __init__(self, path: object, *, free_bytes: int | None = None, needed_bytes: int | None = None) -> None:
        figures = ""
        if free_bytes is not None and needed_bytes is not None:
            figures = f": {free_bytes // 2**20} MiB free, {needed_bytes // 2**20} MiB needed"
        super().__init__(
            f"The disk that holds {path} is full{figures}.",
            "Free some space there, or choose a state folder on another disk with RINGI_HOME, then start again: "
            "nothing that was acknowledged is lost.",
        )
