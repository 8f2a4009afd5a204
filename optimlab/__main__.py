"""``python -m optimlab`` is the command ``optimlab``."""

from .cli import main

if __name__ == "__main__":
    main()
