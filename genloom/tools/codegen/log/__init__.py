"""A run's log as it grows: entries, told once each, and the stream of them that ends with the run."""
