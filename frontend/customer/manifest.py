"""What this remote tells the shell."""

from frontend.ui.manifest import Exposed, Label, NavEntry, PageRoute, RemoteManifest

PREFIX = "/customers"
_TITLE = Label(ja="顧客", en="Customers")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="customer",
        version="1",
        routes=(PageRoute(prefix=PREFIX, title=_TITLE, budget_ms=1500),),
        exposes={"card": Exposed(path=f"{PREFIX}/-/card", budget_ms=600, min_height_px=160)},
        nav=(NavEntry(path=PREFIX, label=_TITLE, icon="users", order=30, permission="customer:read"),),
    )
