"""A report → the edits that mend it, planned all at once; it reads files by `sources/`, and writes none itself.

Moves state which environment takes which version, statements where that is, file plans what to replace there.
"""
