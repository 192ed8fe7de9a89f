"""Rows to hits: one file a rule, found by its place in this folder.

May import comparison and everything below; no rule imports another.
"""
