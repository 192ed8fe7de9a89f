"""`python -m mlaudit`."""

from __future__ import annotations

from mlaudit.cli.app import main

if __name__ == "__main__":
    main()
