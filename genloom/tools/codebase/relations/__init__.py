"""Relations: what the code of one file means by the names of another's."""
