"""`python -m genloom` is `genloom`."""

from genloom.interfaces.cli.main import run

if __name__ == "__main__":
    run()
