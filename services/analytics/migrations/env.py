"""Alembic's entry: the kit runs the migrations on the connection that it opened."""

from services.kit.db import migrations

migrations.run()
