"""A module writes itself while it is imported, is checked by the importer's own assertions, and is pinned.

python examples/self_writing_import.py
"""

import importlib
import tempfile
from pathlib import Path

import genloom

folder = Path(tempfile.mkdtemp())
genloom.install_import_hook(namespace="demo_gen", directory=folder / "demo_gen", mode="auto")

from demo_gen.text import slugify  # type: ignore[import-not-found]  # noqa: E402 - nothing of that name exists until now

assert slugify("Hello, World!") == "hello-world"
assert slugify("  A  b ") == "a-b"
assert slugify("Already-Fine") == "already-fine"
assert slugify("Top 10 Tips") == "top-10-tips"

print(slugify("Imports that write themselves"))
print(Path(slugify.__code__.co_filename).read_text())
print(f"# pinned in {(folder / 'demo_gen' / 'genloom.lock').name}; a second import generates nothing:")
print(importlib.import_module("demo_gen.text").slugify is slugify)
