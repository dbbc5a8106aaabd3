"""The run poller: one shared poll for every pending run of an account."""

from genloom.tools.codegen.poller.run_poller import RunPoller
from genloom.tools.codegen.poller.source import ConnectionSource, RunSource
from genloom.tools.codegen.poller.subscription import RunChanges

__all__ = ["ConnectionSource", "RunChanges", "RunPoller", "RunSource"]
