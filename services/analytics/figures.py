"""What waits to be sent: read from the tables, so that it is true while nothing is sent."""

from typing import Final

from prometheus_client import Gauge

from services.kit.db.gauges import OwnGauges

_DUE: Final = (
    "SELECT count(*) AS waiting, extract(epoch FROM now() - min(next_at) FILTER (WHERE next_at <= now())) AS due"
    " FROM {table} WHERE next_at IS NOT NULL"
)
MAILS: Final = OwnGauges(
    _DUE.format(table="mails"),
    {
        "waiting": Gauge("ringi_mails_waiting", "Mails that are not sent yet, those to be tried again included"),
        "due": Gauge("ringi_mails_due_seconds", "For how long the longest waiting mail has been due"),
    },
)
WEBHOOKS: Final = OwnGauges(
    _DUE.format(table="webhook_deliveries"),
    {
        "waiting": Gauge("ringi_webhook_deliveries_waiting", "Deliveries that no receiver has taken yet"),
        "due": Gauge("ringi_webhook_deliveries_due_seconds", "For how long the longest waiting delivery has been due"),
    },
)
