"""Reads `aggregated_metrics`: counts a day, summed over the reps whom the caller sees."""

from collections.abc import Sequence
from uuid import UUID

from services.analytics.reports.period import Period
from services.analytics.reports.sql import as_json
from services.kit.db.unit_of_work import Reader, Row


async def by_day(reader: Reader, period: Period, reps: Sequence[UUID] | None) -> list[Row]:
    return await reader.all(
        "SELECT metric, day, sum(count)::bigint AS count,"
        f" coalesce(jsonb_object_agg(currency, {as_json('amount')}) FILTER (WHERE currency <> ''),"
        " '{}') AS amounts"
        " FROM (SELECT metric, day, currency, sum(count) AS count, sum(amount) AS amount"
        " FROM read_model.aggregated_metrics WHERE day >= %(first)s AND day < %(end)s"
        " AND (%(reps)s::uuid[] IS NULL OR rep_id = ANY(%(reps)s::uuid[])) GROUP BY metric, day, currency) AS sums"
        " GROUP BY metric, day ORDER BY day, metric",
        {"first": period.first, "end": period.end, "reps": None if reps is None else list(reps)},
    )
