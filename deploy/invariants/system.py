"""Read-only access to every part of a running system, for the checks. Nothing here can write."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final, Self

import psycopg
from psycopg.rows import dict_row
from temporalio.client import Client

from services.auth.settings import AuthSettings
from services.kit.db.unit_of_work import Reader
from services.kit.events.broker import meet
from services.kit.files.journal import BucketJournal
from services.kit.files.storage import Storage
from services.kit.running.peers.kafka import KafkaAddress
from services.kit.running.settings import ServiceSettings
from services.kit.running.temporal import connect
from services.opportunity.settings import OpportunitySettings

SERVICES: Final = ("auth", "customer", "sales_activity", "opportunity", "analytics")
HOME_SERVICES: Final = ("auth", "customer", "opportunity")
"""Services that are home to processes and keep a ledger of them."""
STATEMENT_TIMEOUT: Final = "120s"
CONNECT_TIMEOUT_S: Final = 5

Row = dict[str, Any]


class System:
    """Connections to the five databases, Temporal and the broker; opened once for a whole run."""

    def __init__(
        self,
        databases: dict[str, psycopg.AsyncConnection[Row]],
        temporal: Client,
        kafka: KafkaAddress,
        stack: AsyncExitStack,
        audit_head_file: Path | None = None,
        attachments: Storage | None = None,
        head_journal: BucketJournal | None = None,
    ) -> None:
        self._databases = databases
        self._stack = stack
        self.kafka = kafka
        """How to reach the broker."""
        self.temporal = temporal
        self.audit_head_file = audit_head_file
        self.head_journal = head_journal
        """The bucket that keeps signed heads of the audit chain, if there is one."""
        self.attachments = attachments
        """Where the files of requests are; None where no place is configured."""

    @classmethod
    async def open(cls, settings: ServiceSettings) -> Self:
        """Raises MissingSettingError, psycopg.OperationalError or RuntimeError (Temporal): a part is out of reach."""
        async with AsyncExitStack() as stack:
            databases = {}
            for service in SERVICES:
                connection = await psycopg.AsyncConnection.connect(
                    settings.database_url_for(service),
                    autocommit=True,
                    row_factory=dict_row,
                    connect_timeout=CONNECT_TIMEOUT_S,
                    application_name="ringi-verify",
                    options=f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT}",
                )
                databases[service] = await stack.enter_async_context(connection)
            temporal = await connect(settings)
            kafka, auth = settings.kafka(), AuthSettings.of(settings)
            storage = OpportunitySettings.of(settings).storage()
            heads, journal = auth.audit_head_file, auth.head_journal()
            return cls(databases, temporal, kafka, stack.pop_all(), heads, storage, journal)

    async def close(self) -> None:
        await self._stack.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def reader(self, service: str) -> Reader:
        """One service's database, for checks that the service itself offers."""
        return Reader(self._databases[service])

    async def all(self, service: str, statement: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """Every row of a query on one service's database."""
        return await self.reader(service).all(statement, params)

    async def column(self, service: str, statement: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """The first column of every row."""
        return [next(iter(row.values())) for row in await self.all(service, statement, params)]

    async def cluster_id(self) -> str:
        """The id of the cluster that the broker belongs to now."""
        return (await meet(self.kafka)).cluster_id
