"""Bytes to data with positions: text, TOML, JSON and YAML, and the place of every value.

May import nouns only.
"""
