"""Pages for people: the run page, read-only, behind links that are signed and short-lived."""
