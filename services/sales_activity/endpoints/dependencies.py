"""What the endpoints of this service ask for beyond the kit's dependencies."""

from typing import Annotated

from fastapi import Depends

from services.contracts.permissions import Permission
from services.kit.http import KitDep, requires
from services.kit.trust.principal import Principal
from services.sales_activity.references import Directory

ActivityReader = Annotated[Principal, Depends(requires(Permission.ACTIVITY_READ))]
ActivityWriter = Annotated[Principal, Depends(requires(Permission.ACTIVITY_WRITE))]


async def _directory(kit: KitDep) -> Directory:
    return Directory(kit.db, kit.internal)


DirectoryDep = Annotated[Directory, Depends(_directory)]
