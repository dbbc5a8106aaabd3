"""Modules in the process: lazy, pinned, written and grown."""
