"""What this remote tells the shell."""

from frontend.ui.assets import built_assets
from frontend.ui.manifest import Exposed, Label, NavEntry, PageRoute, RemoteManifest

PREFIX = "/approvals"
BULK = f"{PREFIX}/bulk"
TEMPLATES = f"{PREFIX}/templates"
ABSENCES = "/absences"
CIRCULATION = "/circulation"
ROUTES = "/routes"
FIRM = "/firm"
SAMPLES = "/audit-samples"
_TITLE = Label(ja="承認受信箱", en="Approvals")
_CIRCULATION = Label(ja="回覧・後閲・相談", en="Circulation")
_ABSENCES = Label(ja="不在・代理", en="Absences")
_ROUTES_TITLE = Label(ja="承認ルート", en="Approval routes")
_FIRM = Label(ja="社内設定", en="Firm settings")
_SAMPLES = Label(ja="監査サンプル", en="Audit samples")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="opportunity",
        version="1",
        routes=(
            PageRoute(prefix=PREFIX, title=_TITLE, budget_ms=1500),
            PageRoute(prefix=CIRCULATION, title=_CIRCULATION, budget_ms=1500),
            PageRoute(prefix=ABSENCES, title=_ABSENCES, budget_ms=1500),
            PageRoute(prefix=ROUTES, title=_ROUTES_TITLE, budget_ms=3000),
            PageRoute(prefix=FIRM, title=_FIRM, budget_ms=1500),
            PageRoute(prefix=SAMPLES, title=_SAMPLES, budget_ms=3000),
        ),
        exposes={
            "weekly": Exposed(path=f"{PREFIX}/-/weekly", budget_ms=400, min_height_px=240),
            "earlier": Exposed(path=f"{PREFIX}/-/earlier", budget_ms=600, min_height_px=160),
            "customer": Exposed(path=f"{PREFIX}/-/of-customer", budget_ms=600, min_height_px=160),
        },
        nav=(
            NavEntry(
                path=PREFIX,
                label=_TITLE,
                icon="inbox",
                order=10,
                permission="approval:read",
                count_path=f"{PREFIX}/-/count",
            ),
            NavEntry(
                path=CIRCULATION,
                label=_CIRCULATION,
                icon="book-open-check",
                order=12,
                permission="approval:read",
                count_path=f"{CIRCULATION}/-/count",
            ),
            NavEntry(
                path=ABSENCES,
                label=_ABSENCES,
                icon="plane",
                order=60,
                permission="approval:decide approval:reassign-any audit:read",
            ),
            NavEntry(
                path=ROUTES,
                label=_ROUTES_TITLE,
                icon="route",
                order=70,
                group="admin",
                permission="audit:read",
            ),
            NavEntry(
                path=FIRM,
                label=_FIRM,
                icon="building-2",
                order=80,
                group="admin",
                permission="audit:read",
            ),
            NavEntry(
                path=SAMPLES,
                label=_SAMPLES,
                icon="clipboard-check",
                order=115,
                group="admin",
                permission="audit:read",
            ),
        ),
        assets=(f"{PREFIX}/-/assets/{built_assets()['opportunity.js']}",),
    )
