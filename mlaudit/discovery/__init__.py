"""A tree to environments, roles and pairs, each with its reason, and to the configuration that applies.

Gets paths, gives guesses. May import parsers, sources, requests and knowledge.
"""
