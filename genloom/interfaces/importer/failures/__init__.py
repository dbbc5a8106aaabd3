"""Exceptions in generated code: explained, and fixed where a fix can be verified."""
