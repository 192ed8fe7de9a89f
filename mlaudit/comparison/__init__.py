"""Environments to rows: for each package, what crosses from the writer to the reader.

Gets environments with their cells, gives crossings and rows. May import what precedes it: knowledge and nouns.
"""
