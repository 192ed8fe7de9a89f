"""Static reading of Python sources: which artifacts they write and read, what they import, what they start.

Gets bytes by path, gives nouns; does no I/O of its own. May import grammars, knowledge, documents and nouns.
"""
