"""What this remote tells the shell."""

from frontend.ui.manifest import Label, NavEntry, PageRoute, RemoteManifest

PREFIX = "/reports"
SETTINGS = "/notification-settings"
_TITLE = Label(ja="ダッシュボード", en="Dashboards")
_SETTINGS = Label(ja="通知設定", en="Notification settings")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="analytics",
        version="1",
        routes=(
            PageRoute(prefix=PREFIX, title=_TITLE, budget_ms=2500, skeleton="board"),
            PageRoute(prefix=SETTINGS, title=_SETTINGS),
        ),
        nav=(NavEntry(path=PREFIX, label=_TITLE, icon="layout-dashboard", order=20, permission="report:read"),),
    )
