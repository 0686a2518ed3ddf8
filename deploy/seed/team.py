"""The demo users and their colleagues."""

from typing import Final, NamedTuple

from services.contracts.permissions import Role

DOMAIN: Final = "ringi.example"


class Member(NamedTuple):
    """`login` is the part of the address before the @; `manager` another member's."""

    login: str
    name: str
    roles: tuple[Role, ...]
    manager: str | None = None

    @property
    def email(self) -> str:
        return f"{self.login}@{DOMAIN}"


DEMO_USERS: Final = (
    Member("admin", "管理 太郎", (Role.ADMIN,)),
    Member("manager", "加藤 浩二", (Role.MANAGER,)),
    Member("rep", "佐藤 美咲", (Role.REP,), "manager"),
    Member("rep2", "鈴木 一郎", (Role.REP,), "manager"),
    Member("approver", "高橋 直樹", (Role.APPROVER,)),
    Member("approver2", "伊藤 さくら", (Role.APPROVER,)),
    Member("auditor", "監査 恵", (Role.AUDITOR,)),
    Member("ops", "運用 誠", (Role.OPS,)),
)
"""Every role once, and two of those who work side by side. One password for all of them."""

COLLEAGUES: Final = (
    Member("nakamura", "中村 翔太", (Role.REP,), "manager"),
    Member("yamamoto", "山本 大輔", (Role.REP,), "manager"),
    Member("manager2", "松本 由美", (Role.MANAGER,)),
    Member("kimura", "木村 千尋", (Role.REP,), "manager2"),
    Member("inoue", "井上 健一", (Role.REP,), "manager2"),
    Member("shimizu", "清水 陽子", (Role.APPROVER,), "manager2"),
)
"""They give reports a second team and history a past; they sign in with the demo password too."""

SALES: Final = ("rep", "rep2", "nakamura", "yamamoto", "kimura", "inoue")
