"""What the shell assumes of a remote that has never answered: its prefixes and its navigation.

With this a remote that is down at start keeps its place, marked as unavailable, and its addresses show an error card
instead of "not found". The remote's own manifest takes over as soon as it answers.
"""

from __future__ import annotations

from frontend.ui.manifest import Label, NavEntry, PageRoute, RemoteManifest


def _label(ja: str, en: str) -> Label:
    return Label(ja=ja, en=en)


INBOX = _label("承認受信箱", "Approvals")
ROUTES = _label("承認ルート", "Approval routes")
DASHBOARDS = _label("ダッシュボード", "Dashboards")
CUSTOMERS = _label("顧客", "Customers")
MEETINGS = _label("商談・訪問", "Meetings")
TASKS = _label("タスク", "Tasks")

DEFAULT_MANIFESTS: dict[str, RemoteManifest] = {
    "opportunity": RemoteManifest(
        name="opportunity",
        routes=(PageRoute(prefix="/approvals", title=INBOX), PageRoute(prefix="/routes", title=ROUTES)),
        nav=(
            NavEntry(path="/approvals", label=INBOX, icon="inbox", order=10, permission="approval:read"),
            NavEntry(path="/routes", label=ROUTES, icon="route", order=70, group="admin", permission="audit:read"),
        ),
    ),
    "analytics": RemoteManifest(
        name="analytics",
        routes=(PageRoute(prefix="/reports", title=DASHBOARDS, skeleton="board"),),
        nav=(NavEntry(path="/reports", label=DASHBOARDS, icon="layout-dashboard", order=20, permission="report:read"),),
    ),
    "customer": RemoteManifest(
        name="customer",
        routes=(PageRoute(prefix="/customers", title=CUSTOMERS),),
        nav=(NavEntry(path="/customers", label=CUSTOMERS, icon="users", order=30, permission="customer:read"),),
    ),
    "sales": RemoteManifest(
        name="sales",
        routes=(PageRoute(prefix="/meetings", title=MEETINGS), PageRoute(prefix="/tasks", title=TASKS)),
        nav=(
            NavEntry(path="/meetings", label=MEETINGS, icon="calendar-days", order=40, permission="activity:read"),
            NavEntry(path="/tasks", label=TASKS, icon="list-checks", order=50, permission="activity:read"),
        ),
    ),
}

SHELL_PREFIXES = frozenset(
    {"/login", "/logout", "/assets", "/live", "/palette", "/search", "/preferences", "/processes", "/notifications"}
    | {"/api", "/healthz", "/metrics"}
)
PROCESSES_ENTRY = NavEntry(
    path="/processes",
    label=_label("処理の進捗", "Processes"),
    icon="activity",
    order=100,
    group="admin",
    permission="process:read",
)
