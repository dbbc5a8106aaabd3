"""Which files past commits touched, and with which words."""
