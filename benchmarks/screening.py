"""Screening: hidden text blocked, instructions labelled, secrets redacted; on labelled texts and on real code.

`python benchmarks/screening.py [--texts injection.jsonl] [--blocks] [--labels] FOLDER ...`

`--texts` (default: `$GENLOOM_DATA/injection.jsonl`) holds one JSON object a line with `text`, `label` (1: it tries to instruct
a model), `channel` and `kind`. Precision and recall are told for what is blocked, for what is labelled, and for either.
A text *about* instructions counts as a false alarm, although a label takes nothing from it.

Every FOLDER is walked, git's own folders apart; each file of text of at most 1 MB is screened and redacted. Told are files,
size, what was blocked (`--blocks` prints each place), the share of files labelled (`--labels` prints the places), what was
redacted (`--secrets` prints the places and kinds, never the text), and processor time of both per megabyte, side by side.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from genloom.tools.security import find_secrets, screen

MAX_BYTES = 1_000_000


@dataclass
class Folder:
    """What one folder's files came to."""

    files: int = 0
    characters: int = 0
    labelled: int = 0
    blocked: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    secrets: Counter[str] = field(default_factory=Counter)
    screen_seconds: float = 0.0
    redact_seconds: float = 0.0


def main() -> None:
    """Print the tables."""
    arguments = _arguments()
    if arguments.texts:
        _texts(Path(arguments.texts))
    for folder in arguments.folders:
        _print(folder.name, _measured(folder, arguments))


def _arguments() -> argparse.Namespace:
    data = os.environ.get("GENLOOM_DATA")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--texts", default=str(Path(data, "injection.jsonl")) if data else "")
    for option in ("--blocks", "--labels", "--secrets"):
        parser.add_argument(option, action="store_true")
    return parser.parse_args()


def _texts(path: Path) -> None:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    print(
        "| channel | texts | measure | right | false alarms | missed | precision | recall |\n|---|---|---|---|---|---|---|---|"
    )
    for channel in (*sorted({row["channel"] for row in rows}), "all"):
        chosen = [row for row in rows if channel in (row["channel"], "all")]
        found = [screen(row["text"]) for row in chosen]
        for name, flags in (
            ("blocked", [bool(s.blocked) for s in found]),
            ("labelled", [bool(s.labels) for s in found]),
            ("either", [bool(s.blocked or s.labels) for s in found]),
        ):
            right = sum(flag and row["label"] for flag, row in zip(flags, chosen, strict=True))
            false = sum(flags) - right
            missed = sum(row["label"] for row in chosen) - right
            precision = f"{right / (right + false):.2f}" if right + false else "-"
            recall = f"{right / (right + missed):.2f}" if right + missed else "-"
            print(f"| {channel} | {len(chosen)} | {name} | {right} | {false} | {missed} | {precision} | {recall} |")
    print()


def _measured(folder: Path, arguments: argparse.Namespace) -> Folder:
    result = Folder()
    for path in _files(folder):
        data = path.read_bytes()
        if b"\0" in data:
            continue
        text, title = data.decode("utf-8", "replace"), str(path.relative_to(folder.parent))
        start = time.process_time()
        screened = screen(text, title=title)
        middle = time.process_time()
        secrets = find_secrets(text)
        result.redact_seconds += time.process_time() - middle
        result.screen_seconds += middle - start
        result.files += 1
        result.characters += len(text)
        result.labelled += bool(screened.labels)
        result.blocked.update(found.kind for found in screened.blocked)
        result.labels.update(found.kind for found in screened.labels)
        result.secrets.update(found.kind for found in secrets)
        for found in (*(screened.blocked if arguments.blocks else ()), *(screened.labels if arguments.labels else ())):
            print(f"{found.place}: {found.kind} {found.length or ''}")
        for span in secrets if arguments.secrets else ():
            print(f"{title}:{text.count(chr(10), 0, span.start) + 1}: {span.kind} {span.end - span.start}")
    return result


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_BYTES:
                yield path


def _print(name: str, result: Folder) -> None:
    megabytes = result.characters / 1e6 or 1.0
    print(
        f"{name}: {result.files} files, {megabytes:.1f} MB; blocked {sum(result.blocked.values())} {dict(result.blocked)}; "
        f"labelled {result.labelled} files ({result.labelled / max(result.files, 1):.2%}) {dict(result.labels)}; "
        f"redacted {sum(result.secrets.values())} {dict(result.secrets)}; ms/MB: screen {result.screen_seconds / megabytes * 1e3:.0f}, "
        f"redact {result.redact_seconds / megabytes * 1e3:.0f}"
    )


if __name__ == "__main__":
    main()
