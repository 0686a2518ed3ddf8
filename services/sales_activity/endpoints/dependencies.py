"""What the endpoints of this service ask for beyond the kit's dependencies."""

from typing import Annotated

from fastapi import Depends

from services.kit.http import KitDep
from services.sales_activity.references import Directory


async def _directory(kit: KitDep) -> Directory:
    return Directory(kit.db, kit.internal)


DirectoryDep = Annotated[Directory, Depends(_directory)]
