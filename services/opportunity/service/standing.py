"""Who stands in for those whom a request waits for: what its events tell of it."""

from services.contracts.events.approval import StandInSnapshot
from services.kit.db.database import Reader
from services.kit.running import clock
from services.opportunity import machine
from services.opportunity.progress import Actor
from services.opportunity.record import Approval
from services.opportunity.repository import people


async def stand_ins(reader: Reader, after: Approval) -> list[StandInSnapshot]:
    """Those who could decide it now as proxies, each once: nobody who has a place of their own, or whose request it is.
    Since when it waits must have been written before, for a proxy may leave out what waited earlier."""
    waiting = after.progress.waiting_for
    if not waiting:
        return []
    covering = await people.covering(reader, list(waiting), clock.now(), after.id)
    able = {
        row["id"]
        for row in (await people.users(reader, {who for to in covering.values() for who in to})).values()
        if people.can_decide(row)
    }
    found: dict[object, StandInSnapshot] = {}
    for absent, proxies in sorted(covering.items()):
        for who in proxies:
            actor = Actor(who, may_decide=who in able, proxy_for=frozenset({absent}))
            if machine.stands_in_for(after.progress, actor) == absent:
                found.setdefault(who, StandInSnapshot(user_id=who, for_id=absent))
    return list(found.values())
