"""Commands of the approval workflow, sent by one version and taken by another."""

import orjson
from pydantic import TypeAdapter

from services.contracts.processes import DecideCommand, Decision
from services.kit.running.ids import new_id

BARE = {"approval_id": new_id(), "actor_id": None, "actor_roles": ["approver"], "command_key": "a key"}


def test_what_a_command_does_not_ask_for_is_not_sent() -> None:
    """A worker of the version before refuses members that it does not know."""
    command = DecideCommand(**BARE, decision=Decision.APPROVE)
    for by_alias in (False, True):
        sent = orjson.loads(TypeAdapter(DecideCommand).dump_json(command, by_alias=by_alias))
        assert set(sent) == {
            "approvalId" if by_alias else "approval_id",
            "actorId" if by_alias else "actor_id",
            "actorRoles" if by_alias else "actor_roles",
            "commandKey" if by_alias else "command_key",
            "decision",
        }


def test_what_it_asks_for_arrives() -> None:
    command = DecideCommand(**BARE, decision=Decision.RETURN, revision=2, stage=0, instead_of=new_id())
    assert DecideCommand.model_validate_json(command.model_dump_json()) == command
