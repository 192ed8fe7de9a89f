"""Environments without a lock → what would be installed, by the user's own uv; only where the user asked for it.

May import environments and what is below. The only program that is started is uv, through `sources.uv_tool`.
"""
