"""What this remote tells the shell."""

from frontend.ui.assets import built_assets
from frontend.ui.manifest import Exposed, Label, NavEntry, PageRoute, RemoteManifest

PREFIX = "/approvals"
ABSENCES = "/absences"
_TITLE = Label(ja="承認受信箱", en="Approvals")
_ABSENCES = Label(ja="不在・代理", en="Absences")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="opportunity",
        version="1",
        routes=(
            PageRoute(prefix=PREFIX, title=_TITLE, budget_ms=1500),
            PageRoute(prefix=ABSENCES, title=_ABSENCES, budget_ms=1500),
        ),
        exposes={
            "weekly": Exposed(path=f"{PREFIX}/-/weekly", budget_ms=400, min_height_px=240),
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
                path=ABSENCES,
                label=_ABSENCES,
                icon="plane",
                order=60,
                permission="approval:decide approval:reassign-any audit:read",
            ),
        ),
        assets=(f"{PREFIX}/-/assets/{built_assets()['opportunity.js']}",),
    )
