"""What the endpoints of this service ask for beyond the kit's dependencies."""

from typing import Annotated

from fastapi import Depends

from services.contracts.permissions import Permission
from services.customer.references import UserDirectory
from services.kit.http import KitDep, requires
from services.kit.trust.principal import Principal

CustomerReader = Annotated[Principal, Depends(requires(Permission.CUSTOMER_READ))]
CustomerWriter = Annotated[Principal, Depends(requires(Permission.CUSTOMER_WRITE))]
CustomerAssigner = Annotated[Principal, Depends(requires(Permission.CUSTOMER_ASSIGN))]
CustomerDeleter = Annotated[Principal, Depends(requires(Permission.CUSTOMER_DELETE))]
CustomerRestorer = Annotated[Principal, Depends(requires(Permission.CUSTOMER_RESTORE))]


async def _users(kit: KitDep) -> UserDirectory:
    return UserDirectory(kit.db, kit.internal)


UsersDep = Annotated[UserDirectory, Depends(_users)]
