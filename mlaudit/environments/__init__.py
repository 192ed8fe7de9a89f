"""Readings to environments: target, markers, dependency graph, selection, cells.

Gets sources by name, gives environments. May import discovery, parsers and everything below.
"""
