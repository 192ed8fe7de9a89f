"""A report → the edits that fix it, planned all at once; it reads files by `sources/`, and writes none itself.

Moves state which environment takes which version, statements where that is, file plans what to replace there.
"""
