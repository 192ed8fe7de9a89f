"""The data of mlaudit's index of code, in `data/`; there is no code here, and mlaudit imports nothing of it."""
