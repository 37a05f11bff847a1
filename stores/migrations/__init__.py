"""The catalog's schema, in numbered steps that Alembic runs; a step that has been released is never changed."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory


def script() -> tuple[Config, ScriptDirectory]:
    """The steps in `versions/`, and the configuration that found them."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config, ScriptDirectory.from_config(config)


def upgrade(connection: sa.Connection, revision: str) -> None:
    """Bring the database to `revision`, within the transaction that the connection is in."""
    config, steps = script()
    with EnvironmentContext(config, steps, fn=lambda at, _context: steps._upgrade_revs(revision, at)) as context:
        context.configure(connection=connection, target_metadata=None)
        context.run_migrations()
