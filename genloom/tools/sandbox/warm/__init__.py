"""Warm starts: servers that fork an interpreter which is up already."""
