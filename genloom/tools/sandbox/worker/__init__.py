"""What runs inside the sandbox, in the target's interpreter (Python 3.8 or newer). Standard library only."""
