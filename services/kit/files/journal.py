"""A journal in an S3-compatible bucket: entries that are numbered, sort by their keys, and are never overwritten.

What keeps others from deleting them is the bucket's own object lock: each entry asks for its retention, or the bucket
has one by default (`docs/ops.md`).
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import ObjectStore

from services.kit.files.bucket import told
from services.kit.running import clock

DIGITS: Final = 20
"""So many have all numbers of 64 bits: keys sort as the numbers do."""
ENTRY_BYTES_MAX: Final = 1024 * 1024
"""What is larger was not put by ``append``."""


class BucketJournal:
    """``store_with``: the bucket, with headers for every request. ``retention``: for so long nobody, the account's
    owner included, can delete an entry or shorten that time (mode COMPLIANCE); the bucket has to have object lock, or
    it refuses. None: what the bucket does by itself.

    All operations raise StorageAway while the bucket can't be reached.
    """

    def __init__(
        self, store_with: Callable[[Mapping[str, str]], ObjectStore], retention: timedelta | None = None
    ) -> None:
        self._store_with = store_with
        self._retention = retention
        self._store = store_with({})

    async def append(self, number: int, content: bytes) -> bytes | None:
        """Keep an entry. What is under the number already stays, and is the answer; None where there was nothing."""
        assert len(content) <= ENTRY_BYTES_MAX
        with told():
            try:
                await obstore.put_async(self._lasting(), _key(number), content, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return await self._content(_key(number))
        return None

    def _lasting(self) -> ObjectStore:
        if self._retention is None:
            return self._store
        until = (clock.now() + self._retention).strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._store_with({"x-amz-object-lock-mode": "COMPLIANCE", "x-amz-object-lock-retain-until-date": until})

    async def read(self, after: int = 0) -> AsyncIterator[tuple[int, bytes]]:
        """Entries with larger numbers, in their order. What has no number for its key is none of ours,
        and comes as 0; what is too large comes empty."""
        with told():
            async for page in obstore.list(self._store, offset=_key(after) if after else None):
                for key in sorted(found["path"] for found in page):
                    yield int(key) if key.isdecimal() and len(key) == DIGITS else 0, await self._content(key)

    async def _content(self, key: str) -> bytes:
        found = await obstore.get_async(self._store, key)
        return b"" if found.meta["size"] > ENTRY_BYTES_MAX else bytes(await found.bytes_async())


def _key(number: int) -> str:
    return f"{number:0{DIGITS}}"
