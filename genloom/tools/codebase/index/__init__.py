"""The index: a repository's outlines and words in one database."""
