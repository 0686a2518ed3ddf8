"""Computes a report: one statement over all buckets, its counts put together as figures with their links."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.analytics.reports.figures import Counts, Figure
from services.analytics.reports.links import Asked, Links
from services.analytics.reports.period import Bucket, GroupBy, Period, parameters
from services.analytics.reports.registry import Report
from services.analytics.reports.sql import By
from services.kit.db.unit_of_work import Reader, Row


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and by whom."""

    period: Period
    group_by: GroupBy | None
    by: By | None
    asked: Asked


@dataclass(frozen=True, slots=True)
class _Cell:
    bucket: Bucket
    key: UUID | None
    counts: Counts


async def compute(reader: Reader, report: Report, question: Question, now: datetime) -> dict[str, Any]:
    """The report's document; ``now`` is the instant that it is as of."""
    parts = question.period.buckets(question.group_by) if question.group_by else []
    weeks = question.period.buckets(GroupBy.WEEK) if report.weekly else []
    buckets = [question.period.whole(), *parts, *weeks]
    cells = _cells(await _rows(reader, report, question, buckets, now), buckets)
    names = await _names(reader)

    def figures(n: int, key: UUID | None) -> dict[str, Figure]:
        cell = cells.get((n, key)) or _Cell(buckets[n - 1], key, Counts({}))
        return report.assemble(cell.counts, Links(cell.bucket, question.by, key, question.asked, now))

    groups = list(_groups(cells, parts, question, names))
    whole = cells.get((1, None))
    return {
        "report": report.name,
        "period": {
            **question.period.whole().as_json(),
            "timeZone": question.period.time_zone.key,
            "groupBy": question.group_by,
            "by": question.by,
        },
        "asOf": now,
        "figures": _plain(figures(1, None)),
        "breakdowns": _named(report.breakdowns(whole.counts if whole else Counts({})), names),
        "groups": [
            {
                "period": bucket.as_json(),
                "key": key and {"id": key, "name": names.get(key)},
                "figures": _plain(figures(n, key)),
            }
            for n, bucket, key in groups
        ],
        "weekly": [
            {"week": week.as_json()}
            | {name: figure.value for name, figure in figures(n, None).items() if name in report.weekly}
            for n, week in enumerate(weeks, start=len(parts) + 2)
        ],
    }


async def _rows(
    reader: Reader, report: Report, question: Question, buckets: Sequence[Bucket], now: datetime
) -> list[Row]:
    params = parameters(buckets, now) | {
        "reps": None if question.asked.reps is None else list(question.asked.reps),
        "approver": question.asked.approver,
        "time_zone": question.period.time_zone.key,
    }
    return await reader.all(report.sql(question.by), params)


def _cells(rows: Iterable[Row], buckets: Sequence[Bucket]) -> dict[tuple[int, UUID | None], _Cell]:
    """The rows of all parts of the statement, together for each bucket and key; whoever has no team shows in none."""
    counted: dict[tuple[int, UUID | None], dict[str, Any]] = defaultdict(dict)
    for row in rows:
        if row["whole"] or row["key"] is not None:
            counted[row["n"], row["key"]] |= row["figures"]
    return {(n, key): _Cell(buckets[n - 1], key, Counts(counts)) for (n, key), counts in counted.items()}


def _groups(
    cells: dict[tuple[int, UUID | None], _Cell], parts: Sequence[Bucket], question: Question, names: dict[UUID, str]
) -> Iterable[tuple[int, Bucket, UUID | None]]:
    """Every part of the period, also those without anything in it; within each every rep or team that has something."""
    numbered = list(enumerate(parts, start=2)) or [(1, question.period.whole())]
    if question.by is None:
        if parts:
            yield from ((n, bucket, None) for n, bucket in numbered)
        return
    for n, bucket in numbered:
        keys = [key for number, key in cells if number == n and key is not None]
        yield from ((n, bucket, key) for key in sorted(keys, key=lambda key: (names.get(key, ""), key)))


async def _names(reader: Reader) -> dict[UUID, str]:
    """Names of all users, those who left too: they are few."""
    rows = await reader.all("SELECT id, name FROM user_copies")
    return {row["id"]: row["name"] for row in rows}


def _plain(figures: dict[str, Figure]) -> dict[str, Any]:
    return {name: figure.as_json() for name, figure in figures.items()}


def _named(breakdowns: dict[str, list[dict[str, Any]]], names: dict[UUID, str]) -> dict[str, list[dict[str, Any]]]:
    """Keys that are users get their names."""
    by_text = {str(user_id): name for user_id, name in names.items()}
    return {
        breakdown: [row | {"name": by_text[row["key"]]} if row["key"] in by_text else row for row in rows]
        for breakdown, rows in breakdowns.items()
    }
