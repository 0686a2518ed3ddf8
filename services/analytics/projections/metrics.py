"""`aggregated_metrics`: how often what happened, by business day and rep; the original design's metrics read model.

It counts the rows that a history really added, so a repeated event can't count twice.
"""

from typing import Final

from services.kit.running.zone import USER_TIME_ZONE

BUSINESS_TIME_ZONE: Final = USER_TIME_ZONE.key
"""The day that an event counts on. Reports use the reader's time zone instead; a stored day needs one for all."""

METRICS_SELECT: Final = (
    "SELECT event_type, (valid_from AT TIME ZONE '" + BUSINESS_TIME_ZONE + "')::date, {rep}, count(*),"
    " coalesce(sum({amount}), 0), {currency} FROM {source} WHERE {rep} IS NOT NULL GROUP BY 1, 2, 3, 6"
)
METRICS_MERGE: Final = (
    "INSERT INTO {schema}.aggregated_metrics AS m (metric, day, rep_id, count, amount, currency) {select}"
    " ON CONFLICT (metric, day, rep_id, currency) DO UPDATE SET count = m.count + excluded.count,"
    " amount = m.amount + excluded.amount"
)
