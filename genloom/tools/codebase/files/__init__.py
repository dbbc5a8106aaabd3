"""Which files of a repository are its own source, and their text."""
