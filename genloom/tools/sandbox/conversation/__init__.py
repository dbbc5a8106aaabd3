"""The talk with a run over its private pipe: questions, records, values."""
