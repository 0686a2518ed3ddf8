"""Answers a report: from the cache where nothing changed since, else computed."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from services.analytics.projections import model
from services.analytics.reports.cache import ReportCache
from services.analytics.reports.compute import Question, compute
from services.analytics.reports.registry import Report
from services.kit.db.unit_of_work import Reader
from services.kit.http.responses import dumps
from services.kit.running import clock


async def answer(reader: Reader, cache: ReportCache, report: Report, question: Question) -> bytes:
    """The report as JSON. ``dataThrough`` is the newest event that it can contain, ``asOf`` when it was computed."""
    revisions = await model.revisions(reader)
    # The revisions are read before the figures: an event in between makes the answer newer than its key, never older.
    key = _key(report, question, revisions)
    if (kept := await cache.get(key)) is not None:
        return kept
    document = await compute(reader, report, question, clock.now())
    known = [revisions[name][1] for name in report.projections if name in revisions]
    computed = dumps(document | {"dataThrough": max(known, default=None)})
    await cache.put(key, computed)
    return computed


def _key(report: Report, question: Question, revisions: Mapping[str, tuple[int, str]]) -> str:
    period = question.period
    # Who asks shows in links only, and there beside reps, of whom the caller is one.
    asked: list[Any] = [
        report.name,
        period.first,
        period.end,
        period.time_zone.key,
        question.group_by,
        question.by,
        question.asked.reps,
        question.asked.approver,
        [revisions.get(name, (0, ""))[0] for name in report.projections],
    ]
    return hashlib.sha256(orjson.dumps(asked)).hexdigest()
