"""What administrators set for all requests. It is read where it is asked, so it counts at once on every replica."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from pydantic.alias_generators import to_camel

from services.kit.db.database import Reader, UnitOfWork
from services.kit.errors import FieldError, Text, Unprocessable
from services.kit.events import audit
from services.kit.running import clock
from services.opportunity.repository import firm_settings
from services.opportunity.repository.purging import Terms
from services.opportunity.schemas.firm_settings import FirmSettingsInput
from services.opportunity.settings import OpportunitySettings

_RESOURCE: Final = "firm_settings"
_ID: Final = UUID(int=1)
"""For the audit log: there is one."""
_LIMITS: Final = ("attachment_max_bytes", "attachments_per_request")
_TERMS: Final = ("retention_years", "abandoned_draft_days")
_SET: Final = (*_LIMITS, *_TERMS)


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Of one file in bytes, and of the files of one request."""

    max_bytes: int
    per_request: int


async def file_limits(reader: Reader, server: OpportunitySettings) -> FileLimits:
    """What the firm sets, never more than the server takes."""
    row = await firm_settings.read(reader)
    return FileLimits(
        max_bytes=min(row["attachment_max_bytes"] or server.attachment_max_bytes, server.attachment_max_bytes),
        per_request=min(
            row["attachments_per_request"] or server.attachments_per_request, server.attachments_per_request
        ),
    )


async def terms(reader: Reader) -> Terms:
    """How long files are kept."""
    row = await firm_settings.read(reader)
    return Terms(years=row["retention_years"], days=row["abandoned_draft_days"])


async def shown(reader: Reader, server: OpportunitySettings) -> dict[str, Any]:
    row = await firm_settings.read(reader)
    return {to_camel(name): value for name, value in row.items()} | {
        "hardMaxBytes": server.attachment_max_bytes,
        "hardPerRequest": server.attachments_per_request,
    }


async def replace(uow: UnitOfWork, content: FirmSettingsInput, server: OpportunitySettings, *, version: int) -> None:
    """Raises PreconditionFailed, and Unprocessable for more than the server takes."""
    before = await firm_settings.lock(uow)
    if before["version"] != version:
        raise await audit.outrun(uow, _RESOURCE, _ID, before["version"], by=["firm_settings.update"])
    _check(content, server)
    after = {name: getattr(content, name) for name in _SET}
    after |= {name: before[name] for name in _TERMS if after[name] is None}
    if all(before[name] == after[name] for name in _SET):
        return
    await firm_settings.update(uow, after, by=uow.context.actor_id, at=clock.now())
    detail = audit.changes(before, after, _SET)
    await audit.record_audit(
        uow, action="firm_settings.update", resource_type=_RESOURCE, resource_id=_ID, detail=detail
    )


def _check(content: FirmSettingsInput, server: OpportunitySettings) -> None:
    message = Text("サーバーの上限を超えています", "This is more than the server takes")
    faults = [
        FieldError(f"/{to_camel(name)}", "above_the_servers", message)
        for name, hard in zip(_LIMITS, (server.attachment_max_bytes, server.attachments_per_request), strict=True)
        if (getattr(content, name) or 0) > hard
    ]
    if faults:
        raise Unprocessable(errors=faults)
