"""What the opportunity service reads beyond the settings of every service: where attachments are, and their limits."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr

from services.kit.files.bucket import BucketStorage
from services.kit.files.clamd import Scanner
from services.kit.files.folder import FolderStorage
from services.kit.files.storage import Storage
from services.kit.running.settings import ServiceSettings

MIB = 1024 * 1024


class OpportunitySettings(ServiceSettings):
    attachments_folder: Path | None = None
    """A folder that service and worker share. A bucket, where one is named, takes its place."""
    attachments_s3_bucket: str | None = None
    """A bucket for attachments."""
    attachments_s3_prefix: str = "attachments"
    """What names of objects begin with."""
    attachments_s3_endpoint: str | None = None
    """None: AWS."""
    attachments_s3_region: str | None = None
    """None: what AWS's own variables say."""
    attachments_s3_access_key_id: str | None = None
    """None: what AWS's own variables and roles give."""
    attachments_s3_secret_access_key: SecretStr | None = None
    """None, as for the key's id: what AWS's own variables and roles give."""
    attachment_max_bytes: Annotated[int, Field(ge=1, le=1024 * MIB)] = 20 * MIB
    """Of one file. The gateway's cap on uploads has to be larger."""
    attachments_per_request: Annotated[int, Field(ge=1, le=200)] = 20
    """At most, of one request for approval."""
    scanner_host: str | None = None
    """ClamAV's daemon. Without one nothing scans, and the API says so."""
    scanner_port: Annotated[int, Field(ge=1, le=65_535)] = 3310
    """Where ClamAV's daemon listens."""

    @classmethod
    def of(cls, settings: ServiceSettings | None) -> Self:
        """These settings with the service's own read from the environment."""
        if isinstance(settings, cls):
            return settings
        return cls() if settings is None else cls(**settings.model_dump())

    def storage(self) -> Storage | None:
        """None where no place for files is configured."""
        if self.attachments_s3_bucket:
            secret = self.attachments_s3_secret_access_key
            return BucketStorage(
                self.attachments_s3_bucket,
                prefix=self.attachments_s3_prefix,
                endpoint=self.attachments_s3_endpoint,
                region=self.attachments_s3_region,
                access_key_id=self.attachments_s3_access_key_id,
                secret_access_key=None if secret is None else secret.get_secret_value(),
            )
        return None if self.attachments_folder is None else FolderStorage(self.attachments_folder)

    def scanner(self) -> Scanner | None:
        return Scanner(self.scanner_host, self.scanner_port) if self.scanner_host else None
