"""What the shell assumes of a remote that has never answered: its prefixes and its navigation.

With this a remote that is down at start keeps its place, marked as unavailable, and its addresses show an error card
instead of "not found". The remote's own manifest takes over as soon as it answers.
"""

from __future__ import annotations

from frontend.ui.manifest import Label, NavEntry, PageRoute, RemoteManifest


def _label(ja: str, en: str) -> Label:
    return Label(ja=ja, en=en)


INBOX = _label("承認受信箱", "Approvals")
ABSENCES = _label("不在・代理", "Absences")
ROUTES = _label("承認ルート", "Approval routes")
FIRM = _label("社内設定", "Firm settings")
DASHBOARDS = _label("ダッシュボード", "Dashboards")
NOTIFICATION_SETTINGS = _label("通知設定", "Notification settings")
CUSTOMERS = _label("顧客", "Customers")
MEETINGS = _label("商談・訪問", "Meetings")
TASKS = _label("タスク", "Tasks")
AUDIT = _label("監査ログ", "Audit log")
ACCESS_REVIEW = _label("アクセス権の棚卸し", "Access review")
MAIL = _label("メール通知", "Mail")
WEBHOOKS = _label("Webhook", "Webhooks")
PLANS_WORK = "activity:write audit:read"

DEFAULT_MANIFESTS: dict[str, RemoteManifest] = {
    "opportunity": RemoteManifest(
        name="opportunity",
        routes=(
            PageRoute(prefix="/approvals", title=INBOX),
            PageRoute(prefix="/absences", title=ABSENCES),
            PageRoute(prefix="/routes", title=ROUTES),
            PageRoute(prefix="/firm", title=FIRM),
        ),
        nav=(
            NavEntry(path="/approvals", label=INBOX, icon="inbox", order=10, permission="approval:read"),
            NavEntry(
                path="/absences",
                label=ABSENCES,
                icon="plane",
                order=60,
                permission="approval:decide approval:reassign-any audit:read",
            ),
            NavEntry(path="/routes", label=ROUTES, icon="route", order=70, group="admin", permission="audit:read"),
            NavEntry(path="/firm", label=FIRM, icon="building-2", order=80, group="admin", permission="audit:read"),
        ),
    ),
    "analytics": RemoteManifest(
        name="analytics",
        routes=(
            PageRoute(prefix="/reports", title=DASHBOARDS, skeleton="board"),
            PageRoute(prefix="/notification-settings", title=NOTIFICATION_SETTINGS),
        ),
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
            NavEntry(path="/meetings", label=MEETINGS, icon="calendar-days", order=40, permission=PLANS_WORK),
            NavEntry(path="/tasks", label=TASKS, icon="list-checks", order=50, permission=PLANS_WORK),
        ),
    ),
    "admin": RemoteManifest(
        name="admin",
        routes=(
            PageRoute(prefix="/audit", title=AUDIT),
            PageRoute(prefix="/access-review", title=ACCESS_REVIEW),
            PageRoute(prefix="/mail", title=MAIL),
            PageRoute(prefix="/webhooks", title=WEBHOOKS),
        ),
        nav=(
            NavEntry(path="/audit", label=AUDIT, icon="scroll-text", order=110, group="admin", permission="audit:read"),
            NavEntry(
                path="/access-review",
                label=ACCESS_REVIEW,
                icon="user-round-check",
                order=120,
                group="admin",
                permission="audit:read",
            ),
            NavEntry(path="/mail", label=MAIL, icon="mail", order=130, group="admin", permission="user:manage"),
            NavEntry(
                path="/webhooks", label=WEBHOOKS, icon="webhook", order=140, group="admin", permission="user:manage"
            ),
        ),
    ),
}

START_PAGES: dict[frozenset[str], str] = {frozenset({"auditor"}): "/audit"}
"""Where people land whose work is not the first entry of their navigation; of several roles, the navigation decides."""

SHELL_PREFIXES = frozenset(
    {"/login", "/logout", "/assets", "/live", "/palette", "/search", "/preferences", "/processes", "/notifications"}
    | {"/api", "/healthz", "/readyz", "/metrics"}
)
PROCESSES_ENTRY = NavEntry(
    path="/processes",
    label=_label("処理の進捗", "Processes"),
    icon="activity",
    order=100,
    group="admin",
    permission="process:read",
)
