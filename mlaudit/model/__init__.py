"""Nouns without behaviour towards the world: what is read, judged and reported.

Imports no other stage.
"""
