"""The nodes of the feature graph: a step each of working a feature out on a branch."""
