"""What this remote tells the shell."""

from frontend.ui.manifest import Label, NavEntry, PageRoute, RemoteManifest

PREFIX = "/reports"
_TITLE = Label(ja="ダッシュボード", en="Dashboards")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="analytics",
        version="1",
        routes=(PageRoute(prefix=PREFIX, title=_TITLE, budget_ms=2500, skeleton="board"),),
        nav=(NavEntry(path=PREFIX, label=_TITLE, icon="layout-dashboard", order=20, permission="report:read"),),
    )
