"""Opinions: none is awaited of a request that has ended, and one that the decision waits for stops the clock."""

from typing import Final

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System

_AWAITED: Final = (
    "jsonb_path_exists(coalesce(a.opinions, '[]'), '$[*] ? (@.answerId == null)')",
    "EXISTS (SELECT FROM approval_participants p WHERE p.approval_id = a.id AND p.relation = 'ASKED')",
)
"""By the row itself, and by who may read it for that."""
_BLOCKED: Final = "jsonb_path_exists(coalesce(a.opinions, '[]'), '$[*] ? (@.answerId == null && @.blocks == true)')"


async def awaited_while_open(system: System) -> list[Violation]:
    """A request awaits an opinion only while it is on its way; the row and the rights to read it agree on whose."""
    rows = await system.all(
        "opportunity",
        "SELECT a.id, a.state FROM approvals a WHERE a.state NOT IN ('PENDING', 'ON_HOLD')"  # noqa: S608
        f" AND ({' OR '.join(_AWAITED)}) LIMIT %s",
        [REPORTED],
    )
    found = [Violation(f"approval:{row['id']}", f"is {row['state']} and awaits an opinion") for row in rows]
    rows = await system.all(
        "opportunity",
        "SELECT a.id FROM approvals a WHERE ARRAY(SELECT p.user_id::text FROM approval_participants p"
        "  WHERE p.approval_id = a.id AND p.relation = 'ASKED' ORDER BY 1) <> ARRAY(SELECT o ->> 'askedId'"
        "  FROM jsonb_array_elements(coalesce(a.opinions, '[]')) AS o WHERE o -> 'answerId' = 'null' ORDER BY 1)"
        " LIMIT %s",
        [REPORTED],
    )
    return found + [Violation(f"approval:{row['id']}", "others may read it as asked than it asks") for row in rows]


async def stop_the_clock(system: System) -> list[Violation]:
    """The deadline of a pending stage runs if and only if its decision waits for no opinion."""
    rows = await system.all(
        "opportunity",
        f"SELECT a.id, {_BLOCKED} AS blocked FROM approvals a WHERE a.state = 'PENDING'"  # noqa: S608
        f" AND jsonb_typeof(a.stages -> a.stage -> 'deadlineHours') = 'number'"
        f" AND (a.deadline_at IS NULL) <> {_BLOCKED} LIMIT %s",
        [REPORTED],
    )
    return [
        Violation(f"approval:{row['id']}", "its clock runs" if row["blocked"] else "its clock stands for nobody")
        for row in rows
    ]
