"""The SDK's side of `codegen_client.py`: run by the interpreter that has the SDK, standard library and SDK only.

Arguments: base URL, token, runs, runs at a time, attempts. Prints one JSON object: seconds of import, and for each run its
number (or null), when it was delivered, and the error that ended it.
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor

STARTED = time.perf_counter()
from codegen import Agent  # type: ignore[import-not-found]  # noqa: E402  # its import is what is timed

IMPORTED = time.perf_counter() - STARTED

POLL_SECONDS = 2.0
MAX_LOOKS = 60
FINAL = {"completed", "complete", "failed", "error", "cancelled", "stopped", "timeout"}


def once(base_url: str, token: str, prompt: str) -> int:
    """Run as the SDK's guide does, but compare the status without case: as written, its loop ends on no real status."""
    task = Agent(token=token, org_id=1, base_url=base_url).run(prompt)
    for _ in range(MAX_LOOKS):
        if (task.status or "").lower() in FINAL:
            break
        time.sleep(POLL_SECONDS)
        task.refresh()
    return int(task.id)


def deliver(base_url: str, token: str, prompt: str, attempts: int) -> tuple[int | None, float, str]:
    """Try the whole of it that often, with pauses of 1, 2, 4 … seconds."""
    for attempt in range(attempts):
        try:
            return once(base_url, token, prompt), time.time(), ""
        except Exception as error:
            failure = type(error).__name__
            if attempt + 1 < attempts:
                time.sleep(2.0**attempt)
    return None, time.time(), failure


def main() -> None:
    """Run all and print."""
    base_url, token, *numbers = sys.argv[1:]
    runs, at_once, attempts = map(int, numbers)
    with ThreadPoolExecutor(at_once) as pool:
        told = list(pool.map(lambda number: deliver(base_url, token, f"job {number}", attempts), range(runs)))
    print(json.dumps({"import_seconds": IMPORTED, "runs": told}))


if __name__ == "__main__":
    main()
