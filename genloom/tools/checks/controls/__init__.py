"""Negative controls: the caller's tests run again where they must fail."""
