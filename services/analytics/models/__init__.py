"""Tables of the analytics database. The read models stand in a schema of their own, so that a rebuilt one can replace
all of them at once; notifications, mail, webhooks, preferences and the reference copies are no read models and stay
where they are."""

from services.analytics.models import copies, mail, notices, read_models, webhooks
from services.analytics.models.base import READ_MODEL, AnalyticsModel

__all__ = ["READ_MODEL", "AnalyticsModel", "copies", "mail", "notices", "read_models", "webhooks"]
