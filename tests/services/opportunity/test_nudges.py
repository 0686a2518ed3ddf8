"""催促: once a day the owner of a request asks those whom it waits for."""

from datetime import timedelta

import pytest

from services.opportunity.service import nudges
from tests.services.opportunity.world import World
from tests.support.http import new_key


async def test_a_request_that_waits_is_asked_about_once_a_day(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rep, approver, other = [await world.person(role) for role in ("rep", "approver", "rep")]
    request = await world.request(rep, approver)
    assert "NUDGE" in request["allowedActions"]
    asked = await world.act(rep, request, "nudge", key=new_key())
    assert (asked.status, asked.json["state"], asked.json["version"]) == (200, "PENDING", request["version"])
    [fact] = await world.rows("SELECT data, aggregate_version FROM outbox WHERE event_type = 'approval.nudged'")
    assert (fact["data"]["waitingFor"], fact["aggregate_version"]) == ([str(approver.id)], None)
    again = await world.act(rep, request, "nudge")
    assert (again.status, again.json["code"]) == (409, "nudged_lately")
    assert again.json["nudgeableAt"].endswith("Z")
    monkeypatch.setattr(nudges, "NUDGE_PAUSE", timedelta(0))
    assert (await world.act(rep, request, "nudge")).status == 200
    told = [entry["action"] for entry in await world.history(rep, request)]
    assert told == ["SUBMIT", "NUDGE", "NUDGE"]
    assert (await world.act(approver, request, "nudge")).status == 403
    assert (await world.act(other, request, "nudge")).status == 404


async def test_what_waits_for_nobody_is_not_asked_about(world: World) -> None:
    rep, approver = await world.person("rep"), await world.person("approver")
    draft = await world.request(rep, approver, draft=True)
    assert "NUDGE" not in draft["allowedActions"]
    refused = await world.act(rep, draft, "nudge")
    assert (refused.status, refused.json["code"]) == (409, "wrong_state")
