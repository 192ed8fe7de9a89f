"""Programs that measure mlaudit and judge it by cases; no part of the package."""
