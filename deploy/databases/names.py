"""What databases, roles and the variables of their passwords are called."""

from typing import Final

from services.kit.db.grants import role_of

SERVICES: Final = ("auth", "customer", "sales_activity", "opportunity", "analytics")
OWNER: Final = "ringi_owner"
"""Owns databases and tables; nobody signs in as it."""
MIGRATOR: Final = "ringi_migrator"
"""Signs in to migrate and to mend, and acts as the owner."""
ADMIN_URL: Final = "RINGI_ADMIN_DATABASE_URL"
LOGINS: Final = {MIGRATOR: "RINGI_MIGRATOR_PASSWORD"} | {
    role_of(service): f"RINGI_{service.upper()}_PASSWORD" for service in SERVICES
}
"""Roles that sign in, and the variables that hold their passwords."""


def database_name(service: str) -> str:
    return f"ringi_{service}"
