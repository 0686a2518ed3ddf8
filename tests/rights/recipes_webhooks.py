"""Webhooks, which administrators keep."""

from typing import Any, Final

from services.kit.running.ids import new_id
from tests.rights.recipes import STALE, Ask, Case, asks, simple
from tests.rights.table import Outcome

WEBHOOK: Final[dict[str, Any]] = {"url": "https://hooks.invalid/", "eventTypes": ["approval.approved"], "active": False}
"""Switched off: nothing is sent."""


async def _webhook(case: Case) -> str:
    """One that the case may use up; there can only be so many, so who must not get at it gets none."""
    if case.expected is not Outcome.LET_IN:
        return str(new_id())
    made = await case.world.admin.ask("POST", "/webhooks", WEBHOOK)
    found: str = made.json["id"]
    return found


simple("GET", "/webhooks", lambda _case: Ask("/webhooks"))
simple("POST", "/webhooks", lambda _case: Ask("/webhooks", WEBHOOK))


@asks("GET", "/webhooks/{webhook_id}")
async def _one(case: Case) -> Ask:
    return Ask(f"/webhooks/{await _webhook(case)}")


@asks("PUT", "/webhooks/{webhook_id}")
async def _change(case: Case) -> Ask:
    return Ask(f"/webhooks/{await _webhook(case)}", WEBHOOK, headers=STALE)


@asks("DELETE", "/webhooks/{webhook_id}")
async def _delete(case: Case) -> Ask:
    return Ask(f"/webhooks/{await _webhook(case)}")


@asks("POST", "/webhooks/{webhook_id}/secret")
async def _secret(case: Case) -> Ask:
    return Ask(f"/webhooks/{await _webhook(case)}/secret")


@asks("POST", "/webhooks/{webhook_id}/test")
async def _test(case: Case) -> Ask:
    return Ask(f"/webhooks/{await _webhook(case)}/test")


@asks("GET", "/webhooks/{webhook_id}/deliveries")
async def _log(case: Case) -> Ask:
    return Ask(f"/webhooks/{await _webhook(case)}/deliveries")


@asks("POST", "/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver")
async def _again(case: Case) -> Ask:
    webhook = await _webhook(case)
    if case.expected is not Outcome.LET_IN:
        return Ask(f"/webhooks/{webhook}/deliveries/{new_id()}/redeliver")
    await case.world.admin.ask("POST", f"/webhooks/{webhook}/test")
    log = await case.world.admin.get(f"/webhooks/{webhook}/deliveries")
    return Ask(f"/webhooks/{webhook}/deliveries/{log.json['items'][0]['id']}/redeliver")
