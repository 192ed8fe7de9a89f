"""Reports to text: one file an output format, found by its place in this folder.

May import the registry of rules and everything below; no reporter imports another.
"""
