"""Requests and replies that tests of several parts share."""

import json

RIGHT = 'def slugify(text: str) -> str:\n    """Make a slug."""\n    return "-".join(text.lower().split())\n'
WRONG = 'def slugify(text: str) -> str:\n    """Make a slug."""\n    return text.lower()\n'
REQUEST = {"prompt": "Make a URL slug", "examples": ["slugify('A b') == 'a-b'", "slugify('x') == 'x'"]}
APPROVAL = json.dumps({"decision": "approve", "summary": "Does what was asked.", "findings": []})


def fenced(source: str) -> str:
    """A reply as models give it."""
    return f"Here it is.\n\n```python\n{source}```\n"
