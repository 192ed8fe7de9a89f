"""The languages that inputs are written in, each shared by several parsers.

May import sources' nouns, documents, knowledge and nouns.
"""
