"""Which files and symbols a query is about, and why."""
