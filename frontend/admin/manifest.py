"""What this remote tells the shell."""

from frontend.ui.manifest import Label, NavEntry, PageRoute, RemoteManifest

PEOPLE = "/people"
ORGANIZATION = "/organization"
AUDIT = "/audit"
ACCESS = "/access-review"
MAIL = "/mail"
WEBHOOKS = "/webhooks"
_PEOPLE = Label(ja="ユーザー", en="People")
_ORGANIZATION = Label(ja="組織", en="Organization")
_AUDIT = Label(ja="監査ログ", en="Audit log")
_ACCESS = Label(ja="アクセス権の棚卸し", en="Access review")
_MAIL = Label(ja="メール通知", en="Mail")
_WEBHOOKS = Label(ja="Webhook", en="Webhooks")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="admin",
        version="1",
        routes=(
            PageRoute(prefix=PEOPLE, title=_PEOPLE),
            PageRoute(prefix=ORGANIZATION, title=_ORGANIZATION),
            PageRoute(prefix=AUDIT, title=_AUDIT, budget_ms=2000),
            PageRoute(prefix=ACCESS, title=_ACCESS, budget_ms=2000),
            PageRoute(prefix=MAIL, title=_MAIL),
            PageRoute(prefix=WEBHOOKS, title=_WEBHOOKS),
        ),
        nav=(
            NavEntry(path=PEOPLE, label=_PEOPLE, icon="users", order=100, group="admin", permission="user:manage"),
            NavEntry(
                path=ORGANIZATION,
                label=_ORGANIZATION,
                icon="network",
                order=105,
                group="admin",
                permission="user:manage",
            ),
            NavEntry(path=AUDIT, label=_AUDIT, icon="scroll-text", order=110, group="admin", permission="audit:read"),
            NavEntry(
                path=ACCESS, label=_ACCESS, icon="user-round-check", order=120, group="admin", permission="audit:read"
            ),
            NavEntry(path=MAIL, label=_MAIL, icon="mail", order=130, group="admin", permission="user:manage"),
            NavEntry(
                path=WEBHOOKS, label=_WEBHOOKS, icon="webhook", order=140, group="admin", permission="user:manage"
            ),
        ),
    )
