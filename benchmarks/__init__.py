"""Measurements and replays for developers; nothing of it is installed."""
