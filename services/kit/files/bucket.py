"""Files in an S3-compatible bucket: for installations with more than one machine."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from services.kit.files.storage import CHUNK_BYTES, FileMissing, Opened, StorageAway, Stored, Tally, checked

PART_BYTES: Final = 5 * 1024 * 1024
"""S3 takes no smaller parts; one is held in memory at a time."""
MISSING: Final = (NotFoundError, FileNotFoundError)
_TIMEOUT: Final = "30s"
_TRIES_FOR: Final = timedelta(seconds=10)


def s3_store(
    bucket: str,
    *,
    prefix: str = "",
    endpoint: str | None = None,
    region: str | None = None,
    access_key_id: str | None = None,
    secret_access_key: str | None = None,
    checksums: bool = False,
    headers: Mapping[str, str] | None = None,
) -> S3Store:
    """``checksums``: each object is sent with its SHA-256, which buckets with object lock ask for. ``headers`` go with
    every request, and are signed."""
    given = {
        "endpoint": endpoint,
        "region": region,
        "access_key_id": access_key_id,
        "secret_access_key": secret_access_key,
        "checksum_algorithm": "SHA256" if checksums else None,
    }
    return S3Store(
        bucket,
        prefix=prefix or None,
        config={name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type]
        client_options={
            "allow_http": (endpoint or "").startswith("http://"),
            "timeout": _TIMEOUT,
            "default_headers": dict(headers or {}),
        },
        retry_config={"max_retries": 3, "retry_timeout": _TRIES_FOR},
    )


class BucketStorage:
    """``prefix``: what all keys in the bucket begin with. Credentials come from the settings, or as AWS's own
    variables and roles give them."""

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        endpoint: str | None = None,
        region: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
    ) -> None:
        self._store = s3_store(
            bucket,
            prefix=prefix,
            endpoint=endpoint,
            region=region,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
        )

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> Stored:
        """A file of one part is one request; of more, one that is complete or does not exist."""
        tally = Tally()

        async def counted() -> AsyncIterator[bytes]:
            async for chunk in chunks:
                tally.add(chunk)
                yield chunk

        with told():
            await obstore.put_async(
                self._store, checked(key), counted(), use_multipart=True, chunk_size=PART_BYTES, max_concurrency=1
            )
        return tally.stored()

    async def open(self, key: str) -> Opened:
        with told():
            try:
                found = await obstore.get_async(self._store, checked(key))
            except MISSING as error:
                await self._prove_bucket()
                raise FileMissing(key) from error
        return Opened(found.meta["size"], _read(found))

    async def delete(self, key: str) -> None:
        with told():
            try:
                await obstore.delete_async(self._store, checked(key))
            except MISSING:
                await self._prove_bucket()

    async def exists(self, key: str) -> bool:
        with told():
            try:
                await obstore.head_async(self._store, checked(key))
            except MISSING:
                await self._prove_bucket()
                return False
        return True

    async def _prove_bucket(self) -> None:
        """Raises StorageAway: of what is asked of it, a missing bucket says the same as a missing file."""
        try:
            async for _ in obstore.list(self._store, chunk_size=1):
                return
        except MISSING as error:
            raise StorageAway("no such bucket") from error

    async def older_than(self, before: datetime) -> AsyncIterator[str]:
        """Without uploads of several parts that broke off: the bucket's own rule ends those (`docs/ops.md`)."""
        with told():
            async for page in obstore.list(self._store):
                for found in page:
                    if found["last_modified"] < before:
                        yield found["path"]


@contextmanager
def told() -> Iterator[None]:
    """Turns what the store says into what a caller is told."""
    try:
        yield
    except BaseError as error:
        raise StorageAway(type(error).__name__) from error


async def _read(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    with told():
        async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
            yield bytes(chunk)
