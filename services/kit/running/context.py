"""Who acts, from where and in which process: goes along with every transaction into events and audit entries."""

from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from services.kit.running import correlation


@dataclass(frozen=True, slots=True)
class ActorContext:
    """``actor_id`` None is the system itself; ``on_behalf_of`` is the person whom a proxy acts for."""

    actor_id: UUID | None
    roles: frozenset[str] = frozenset()
    session_id: UUID | None = None
    ip: str | None = None
    request_id: str | None = None
    traceparent: str | None = None
    process_id: UUID | None = None
    on_behalf_of: UUID | None = None
    locale: str = "ja"

    @classmethod
    def system(
        cls, *, process_id: UUID | None = None, actor_id: UUID | None = None, traceparent: str | None = None
    ) -> Self:
        """A process, a consumer or a schedule acts; ``actor_id`` names the person who asked for it, if any.

        Within an activity the trace is that of its process.
        """
        present = correlation.current()
        if traceparent is None and present is not None:
            traceparent = present.traceparent
        return cls(actor_id=actor_id, process_id=process_id, traceparent=traceparent)

    def within(self, process_id: UUID) -> "ActorContext":
        """The same actor as a part of a process."""
        return replace(self, process_id=process_id)
