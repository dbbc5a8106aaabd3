"""Stores: what genloom keeps on disk. Import from the modules; none of them is loaded by this package itself.

Durable data lives in the settings' `home`: `checkpoints.db` (`checkpoints`), `journal.db` (`agent_journal`,
`run_records`), and the locks of running threads and of agents' claims: `thread-locks/` (`thread_lock`), `agent-locks/`.
Disposable data lives in `cache`: `results.db` (`result_cache`) and the locks of who makes an answer, `results.db-locks/`
(`single_flight`). `atomic_file` writes what a user asked to have written.
"""

from __future__ import annotations

__all__: list[str] = []
