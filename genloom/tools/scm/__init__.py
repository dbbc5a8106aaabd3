"""Source control: what changed, read from diffs and from git, and what code hosts know of it."""
