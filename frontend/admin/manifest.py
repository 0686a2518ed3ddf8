"""What this remote tells the shell."""

from frontend.ui.manifest import Label, NavEntry, PageRoute, RemoteManifest

AUDIT = "/audit"
ACCESS = "/access-review"
_AUDIT = Label(ja="監査ログ", en="Audit log")
_ACCESS = Label(ja="アクセス権の棚卸し", en="Access review")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="admin",
        version="1",
        routes=(
            PageRoute(prefix=AUDIT, title=_AUDIT, budget_ms=2000),
            PageRoute(prefix=ACCESS, title=_ACCESS, budget_ms=2000),
        ),
        nav=(
            NavEntry(path=AUDIT, label=_AUDIT, icon="scroll-text", order=110, group="admin", permission="audit:read"),
            NavEntry(
                path=ACCESS, label=_ACCESS, icon="user-round-check", order=120, group="admin", permission="audit:read"
            ),
        ),
    )
