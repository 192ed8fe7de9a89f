"""Documents to readings: one file a format, found by its place in this folder.

May import grammars and everything below; no parser imports another.
"""
