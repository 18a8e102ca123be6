"""Entry for the orchestrator: `dagster … -m pipelines.definitions`."""

from pipelines.defs.graph import build_definitions, prepare_instance
from pipelines.defs.installation import Installation

installation = Installation.from_settings()
prepare_instance(installation.home)
defs = build_definitions(installation, closes_after_run=True)
