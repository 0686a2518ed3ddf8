"""A broker that does not hand out what it has: records hidden from whoever fetches, for some fetches or for ever."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from services.kit.events import broker

Hides = Callable[[ConsumerRecord], bool]


class Hidden:
    """``fetches``: how often a fetch came back without records that it should have had."""

    def __init__(self, hides: Hides, fetches: int | None) -> None:
        self._hides = hides
        self._left = fetches
        self.fetches = 0

    def filtered(self, found: dict[TopicPartition, list[ConsumerRecord]]) -> dict[TopicPartition, list[ConsumerRecord]]:
        if self._left == 0:
            return found
        shown = {p: [record for record in records if not self._hides(record)] for p, records in found.items()}
        if shown != found:
            self.fetches += 1
            self._left = None if self._left is None else self._left - 1
        return {partition: records for partition, records in shown.items() if records}

    def show(self) -> None:
        """From now on everything is handed out."""
        self._left = 0


@contextmanager
def hiding(
    hides: Hides, *, fetches: int | None = None, starts: Mapping[TopicPartition, int] | None = None
) -> Iterator[Hidden]:
    """Hides records from every consumer that is made in the block; ``fetches`` None: until ``show``. ``starts``: where
    partitions say that they begin."""
    hidden = Hidden(hides, fetches)

    class Hiding(AIOKafkaConsumer):  # type: ignore[misc]  # aiokafka is untyped
        async def getmany(self, *args: Any, **options: Any) -> dict[TopicPartition, list[ConsumerRecord]]:
            return hidden.filtered(await super().getmany(*args, **options))

        async def beginning_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
            told = await super().beginning_offsets(partitions)
            return {partition: (starts or {}).get(partition, start) for partition, start in told.items()}

    made = broker.AIOKafkaConsumer
    broker.AIOKafkaConsumer = Hiding
    try:
        yield hidden
    finally:
        broker.AIOKafkaConsumer = made
