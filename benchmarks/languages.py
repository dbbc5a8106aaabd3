"""Definitions of many languages beside universal-ctags: `python benchmarks/languages.py [--ctags ctags] [--show 5] FOLDER…`.

Each folder is a git checkout; its tracked files in the languages of the extra `languages` are outlined by genloom and listed
by ctags, and the definitions are compared by file, name and line: a name that ctags gives is found when an outline has it in
a head that reaches that line, give or take two lines. Kinds of ctags that are no definitions of genloom's (`LEFT_OUT`:
fields, constants, parameters, packages) and what ctags calls anonymous do not count. CPU seconds are those of this process
(with the compilation of the queries) and of ctags for the whole repository.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from genloom.tools.codebase.files.source import decode_source
from genloom.tools.codebase.outlines.languages import is_available, language_of, outline_source, source_suffixes
from genloom.tools.codebase.outlines.outline import Definition

LEFT_OUT = frozenset(
    "variable constant property field member enumerator enumConstant package packageName namespace module import local "
    "anonMember alias unknown parameter prototype externvar header implementation describe context define label".split()
)
KEPT = {"cs": {"property"}, "rb": {"module", "alias"}, "ts": {"alias"}, "tsx": {"alias"}}
"""Kinds that are definitions in these languages only, by suffix."""
NEAR = 2


@dataclass
class Compared:
    """What was found in the files of one language."""

    files: int = 0
    size: int = 0
    seconds: float = 0.0
    errors: int = 0
    definitions: int = 0
    both: int = 0
    only_ctags: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


def main() -> None:
    """Compare the folders given, and print a table with a row for each language."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--ctags", default="ctags")
    parser.add_argument(
        "--show", type=int, default=0, help="so many examples of what only ctags finds, for each language"
    )
    given = parser.parse_args()
    print(
        "| repository | language | files | MB | with errors | definitions | of ctags' | found | CPU s | ctags, CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for folder in given.folders:
        tags, ctags_seconds = _tags(given.ctags, folder)
        for language, row in sorted(_compare(folder, tags).items()):
            named = row.both + row.only_ctags.total()
            print(
                f"| {folder.name} | {language} | {row.files} | {row.size / 1e6:.2f} | {row.errors} | {row.definitions}"
                f" | {named} | {row.both / max(named, 1):.1%} | {row.seconds:.2f} | {ctags_seconds:.2f} |"
            )
            if given.show:
                print(f"  only ctags: {dict(row.only_ctags)}")
                chosen = random.Random(0).sample(row.examples, min(given.show, len(row.examples)))
                print("".join(f"    {example}\n" for example in chosen), end="")


def _sources(folder: Path) -> list[str]:
    listed = subprocess.run(["git", "-C", folder, "ls-files", "-z"], capture_output=True, text=True, check=True).stdout
    found = [path for path in listed.split("\0") if path.endswith(source_suffixes()) and ".min." not in path]
    return [path for path in found if not path.endswith((".py", ".pyi")) and (folder / path).is_file()]


def _tags(ctags: str, folder: Path) -> tuple[dict[str, list[dict[str, object]]], float]:
    """Return what ctags lists, by file, and the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    listed = subprocess.run(
        [ctags, "--output-format=json", "--fields=+nK", "-L", "-", "-f", "-"],
        input="\n".join(_sources(folder)),
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    by_file: dict[str, list[dict[str, object]]] = defaultdict(list)
    for line in listed.splitlines():
        tag = json.loads(line)
        suffix = tag["path"].rpartition(".")[2]
        if tag["kind"] in LEFT_OUT - KEPT.get(suffix, set()) or str(tag["name"]).startswith(("__anon", "Anonymous")):
            continue
        by_file[tag["path"]].append(tag)
    return by_file, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _compare(folder: Path, tags: dict[str, list[dict[str, object]]]) -> dict[str, Compared]:
    rows: dict[str, Compared] = defaultdict(Compared)
    for path in _sources(folder):
        data = decode_source((folder / path).read_bytes()).encode()
        language = language_of(path, data)
        if language is None or not is_available(language):
            continue
        row, started = rows[language.name], time.process_time()
        outline = outline_source(path, data)
        row.seconds += time.process_time() - started
        row.files += 1
        row.size += len(data)
        row.errors += outline.has_errors
        row.definitions += len(outline.definitions) - 1
        by_name: dict[str, list[Definition]] = defaultdict(list)
        for definition in outline.definitions[1:]:
            by_name[_plain(definition.name)].append(definition)
        for tag in tags.get(path, ()):
            _count(row, tag, by_name[_plain(str(tag["name"]))])
    return rows


def _count(row: Compared, tag: dict[str, object], candidates: list[Definition]) -> None:
    line = int(str(tag["line"]))
    if any(d.start_line - NEAR <= line <= d.head_line + NEAR or line == d.end_line for d in candidates):
        row.both += 1
    else:
        row.only_ctags[str(tag["kind"])] += 1
        row.examples.append(f"{tag['path']}:{line} {tag['kind']} {tag['name']}")


def _plain(name: str) -> str:
    """Return a name as both would write it: without blanks, Ruby's `?`, `!` and `=`, and JavaScript's `#`."""
    return name.replace("operator", "").replace(" ", "").strip("#").rstrip("?!=") or name.replace(" ", "")


if __name__ == "__main__":
    main()
