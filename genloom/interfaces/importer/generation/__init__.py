"""One generation behind an import: its request, its run, its end, and the person who looks at it."""
