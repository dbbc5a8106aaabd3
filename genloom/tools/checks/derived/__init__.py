"""Derived checks: more than the caller gave, made of type hints and examples."""
