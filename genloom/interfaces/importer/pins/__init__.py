"""Accepted modules as files, the lock file that vouches for them, and the locks around both."""
