"""What this remote tells the shell."""

from frontend.ui.manifest import Exposed, Label, NavEntry, PageRoute, RemoteManifest

MEETINGS = "/meetings"
TASKS = "/tasks"
PLANS_WORK = "activity:write audit:read"
"""Who has these lists in the navigation; an approver reads what was done for the customers of a request, from there."""
_MEETINGS = Label(ja="商談・訪問", en="Meetings")
_TASKS = Label(ja="タスク", en="Tasks")


def manifest() -> RemoteManifest:
    return RemoteManifest(
        name="sales",
        version="1",
        routes=(
            PageRoute(prefix=MEETINGS, title=_MEETINGS, budget_ms=1500),
            PageRoute(prefix=TASKS, title=_TASKS, budget_ms=1500),
        ),
        exposes={
            "meetings": Exposed(path=f"{MEETINGS}/-/of-customer", budget_ms=600, min_height_px=160),
            "card": Exposed(path=f"{MEETINGS}/-/card", budget_ms=600, min_height_px=160),
            "tasks": Exposed(path=f"{TASKS}/-/of-customer", budget_ms=600, min_height_px=160),
        },
        nav=(
            NavEntry(path=MEETINGS, label=_MEETINGS, icon="calendar-days", order=40, permission=PLANS_WORK),
            NavEntry(
                path=TASKS,
                label=_TASKS,
                icon="list-checks",
                order=50,
                permission=PLANS_WORK,
                count_path=f"{TASKS}/-/count",
            ),
        ),
    )
