"""Reads partitions of Kafka so that no record is left out without a word.

Topics here are neither compacted nor transactional, so offsets that a reader is given are consecutive. Where they are
not, records are missing: tansu sometimes hands out a later batch before an earlier one of another producer is visible
(seen: 8 of 17,212 records of five producers on one partition); a broker whose retention ran out begins later than the
reader's position; one that lost its newest records ends before it. All who read events read through here.
"""

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError, UnknownTopicOrPartitionError

from services.kit.events.broker import ClusterSession, all_metadata
from services.kit.running.backoff import delay

log = logging.getLogger(__name__)

GAP_TRIES: Final = 12
"""Reads of a missing record before it counts as lost: some twenty seconds, where tansu takes milliseconds."""
GAP_LONGEST_SECONDS: Final = 4.0
WHAT_TO_DO: Final = "publish its events again (ringi events republish), then let readers go on (ringi events resume)"


@dataclass(frozen=True, slots=True)
class Gap:
    """The broker has nothing at ``position``: what it has begins at ``start``, ends before ``end`` and goes on, past
    the position, at ``following`` (None if there is nothing)."""

    partition: TopicPartition
    position: int
    start: int
    end: int
    following: int | None

    @property
    def reason(self) -> str:
        if self.position > self.end:
            return f"it ends at {self.end}, before the reader's position {self.position}: the broker lost records"
        if self.position < self.start:
            return f"it begins at {self.start}, after the reader's position {self.position}: its retention ran out"
        return f"it goes on at {self.following} instead of {self.position}: records are missing"

    def closes_in_appearance_only(self, positions: Mapping[TopicPartition, int]) -> bool:
        """Whether a reader at these positions would miss records although none seems to be missing any more: a topic
        that ended before the position has grown past it, with other records than those that it lost."""
        return self.position > self.end and positions.get(self.partition) == self.position

    @property
    def resume_at(self) -> int:
        """Where a reader goes on that takes what is missing for lost. A topic that ends before the position is read
        from its beginning: what it holds at the offsets before may be other records than the reader has seen."""
        return self.start if self.position > self.end or self.following is None else max(self.start, self.following)


class StreamGapError(Exception):
    """Records are missing, and stayed missing. To read on would lose them without a word."""

    def __init__(self, gap: Gap) -> None:
        super().__init__(
            f"topic {gap.partition.topic}, partition {gap.partition.partition}: {gap.reason}. To do: {WHAT_TO_DO}"
        )
        self.gap = gap


@dataclass(slots=True)
class _Missing:
    """A gap that may still close: how often it was met, and when it is looked at next (monotonic)."""

    tries: int = 0
    look_at: float = 0.0


async def partitions_of(kafka: AIOKafkaConsumer, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions that the topics have now, as the broker says. Raises UnknownTopicOrPartitionError (a KafkaError)
    for a topic of which it does not know yet, such as one made a moment ago: to read none of it would be a gap.
    """
    metadata = await all_metadata(kafka)
    found = {topic: sorted(metadata.partitions_for_topic(topic) or ()) for topic in topics}
    if unknown := [topic for topic, numbers in found.items() if not numbers]:
        raise UnknownTopicOrPartitionError(f"no partitions yet: {', '.join(unknown)}")
    return [TopicPartition(topic, number) for topic, numbers in found.items() for number in numbers]


class Stream:
    """Partitions read from given positions. ``positions``: the offset after the last record handed out."""

    def __init__(self, session: ClusterSession, kafka: AIOKafkaConsumer, reader: str) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self._session = session
        self._kafka = kafka
        self._reader = reader
        self._missing: dict[TopicPartition, _Missing] = {}
        self._answers: dict[TopicPartition, int | None] = {}
        """When the last answer came (ms) that ended before the position, so that each counts as one try."""

    @classmethod
    async def open(
        cls, session: ClusterSession, kafka: AIOKafkaConsumer, positions: Mapping[TopicPartition, int], *, reader: str
    ) -> Self:
        """Assigns the partitions to ``kafka``. Raises StreamGapError if one begins after its position."""
        stream = cls(session, kafka, reader)
        starts = await session.wait(kafka.beginning_offsets(list(positions)))
        for partition, position in positions.items():
            if position < starts[partition]:
                raise StreamGapError(await stream._gap(partition, position, starts[partition]))
        stream._assign(positions)
        return stream

    @classmethod
    async def from_beginning(
        cls, session: ClusterSession, kafka: AIOKafkaConsumer, partitions: Sequence[TopicPartition], *, reader: str
    ) -> Self:
        """From the first record that the broker has of each partition."""
        stream = cls(session, kafka, reader)
        stream._assign(await session.wait(kafka.beginning_offsets(list(partitions))))
        return stream

    def _assign(self, positions: Mapping[TopicPartition, int]) -> None:
        # In one turn of the loop: a partition without a position would be an error, as no reset may choose one.
        self._kafka.assign(list(positions))
        for partition, position in positions.items():
            self._kafka.seek(partition, position)
        self.positions = dict(positions)

    async def read(self, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[ConsumerRecord]]:
        """What comes next, by partition; empty if nothing came. Raises StreamGapError, KafkaError."""
        timeout_ms = self._look_again(timeout_ms)
        try:
            fetched = await self._session.wait(self._kafka.getmany(timeout_ms=timeout_ms, max_records=max_records))
        except OffsetOutOfRangeError as error:
            for partition in error.args[0] if error.args else ():
                await self._miss(partition, following=None)
            return {}
        found = {}
        for partition, records in fetched.items():
            next_ones = self._consecutive(partition, records)
            if next_ones:
                self._close(partition)
                self.positions[partition] += len(next_ones)
                found[partition] = next_ones
            if len(next_ones) < len(records):
                await self._miss(partition, following=records[len(next_ones)].offset)
        await self._look_for_lost_ends()
        return found

    def end_since(self, partition: TopicPartition, moment: float) -> int | None:
        """Where the partition ended when the broker last answered, if that was after the moment (seconds, Unix)."""
        answered_at = self._kafka.last_poll_timestamp(partition)
        return None if answered_at is None or answered_at <= moment * 1000 else self._kafka.highwater(partition)

    def _consecutive(self, partition: TopicPartition, records: list[ConsumerRecord]) -> list[ConsumerRecord]:
        """The records up to the first that is not at its place."""
        places = enumerate(records, start=self.positions[partition])
        return records[: next((n for n, (place, record) in enumerate(places) if record.offset != place), len(records))]

    async def _look_for_lost_ends(self) -> None:
        """tansu answers a fetch beyond the end with nothing, for ever; where the end is stands in each answer."""
        for partition, position in self.positions.items():
            end, answered_at = self._kafka.highwater(partition), self._kafka.last_poll_timestamp(partition)
            if end is None or end >= position or self._answers.get(partition) == answered_at:
                continue
            self._answers[partition] = answered_at
            await self._miss(partition, following=None)

    def _close(self, partition: TopicPartition) -> None:
        if self._missing.pop(partition, None) is not None:
            log.info("what was missing has come", extra=self._where(partition))

    async def _miss(self, partition: TopicPartition, *, following: int | None) -> None:
        """Goes back to the position and leaves the partition alone for a while; the others go on."""
        position = self.positions[partition]
        missing = self._missing.setdefault(partition, _Missing())
        missing.tries += 1
        log.warning("records are missing", extra=self._where(partition) | {"following": following})
        gap = await self._gap(partition, position, following)
        if gap.position < gap.start or missing.tries >= GAP_TRIES:
            raise StreamGapError(gap)
        missing.look_at = time.monotonic() + delay(missing.tries, longest=GAP_LONGEST_SECONDS)
        self._kafka.seek(partition, position)
        self._kafka.pause(partition)

    def _look_again(self, timeout_ms: int) -> int:
        """Resumes partitions whose time has come; returns how long a read may take so that none is late."""
        now = time.monotonic()
        for partition, missing in self._missing.items():
            if missing.look_at <= now:
                if partition in self._kafka.paused():
                    self._kafka.resume(partition)
            else:
                timeout_ms = min(timeout_ms, max(1, int((missing.look_at - now) * 1000)))
        return timeout_ms

    async def _gap(self, partition: TopicPartition, position: int, following: int | None) -> Gap:
        starts = await self._session.wait(self._kafka.beginning_offsets([partition]))
        ends = await self._session.wait(self._kafka.end_offsets([partition]))
        # tansu's end is that of the last batch's first record; what came with a fetch is right (see stream_ends).
        known = self._kafka.highwater(partition) if partition in self.positions else None
        return Gap(partition, position, starts[partition], max(ends[partition], known or 0), following)

    def _where(self, partition: TopicPartition) -> dict[str, object]:
        return {
            "reader": self._reader,
            "topic": partition.topic,
            "partition": partition.partition,
            "position": self.positions[partition],
        }
