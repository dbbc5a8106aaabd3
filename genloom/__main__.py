"""`python -m genloom` is `genloom`."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # `-m` puts the working folder first, where a repository under review could lay modules for genloom to import
    del sys.path[0]

from genloom.interfaces.cli.main import run

if __name__ == "__main__":
    run()
