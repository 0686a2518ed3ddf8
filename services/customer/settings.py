"""Settings of the customer service's own (prefix ``RINGI_``)."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CustomerSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="RINGI_", env_ignore_empty=True, extra="ignore", frozen=True)

    recycle_bin_days: int = Field(default=30, ge=1)
    """For so long a deleted customer can be restored."""

    @property
    def recycle_bin_period(self) -> timedelta:
        return timedelta(days=self.recycle_bin_days)
