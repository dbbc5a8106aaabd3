"""The repository as runs see it, and where its modules are imported from."""
