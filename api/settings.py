"""What the gateway reads from its environment beyond what every process reads."""

from services.kit.running.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    """Rates are requests a minute; a whole minute's worth may come at once."""

    cors_origins: str = ""
    """Origins, separated by commas, whose pages may call the API from a browser; the own origin needs no entry."""
    rate_limit_user: int = 6_000
    """Of one signed-in user."""
    rate_limit_address: int = 30_000
    """Many users may share one address, as an office does. The shell's calls count for whom it calls for."""
    rate_limit_login: int = 120
    """Sign-ins per address; auth itself throttles per account."""
    rate_limit_decode: int = 600
    """Calls per user to have payloads of Temporal decoded: its UI makes several for each page of a history."""
    streams_per_user: int = 30
    """Live streams of one user at once, in this process; one more is refused with 429."""
    upstream_timeout_seconds: float = 30.0
    """Until a service's answer begins. Services give up earlier by themselves."""
    upload_cap_bytes: int = 25 * 1024 * 1024
    """For imports and attachments; all other bodies are capped at 1 MiB."""

    def allowed_origins(self) -> frozenset[str]:
        return frozenset(origin.strip().rstrip("/") for origin in self.cors_origins.split(",") if origin.strip())
