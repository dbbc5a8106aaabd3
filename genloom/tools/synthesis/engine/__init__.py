"""The search engine: a program of its own that runs inside the sandbox and needs nothing but the standard library.

`worker.py` is its entry. Its modules import one another by full name, and nothing else of genloom.
"""

__all__: list[str] = []
