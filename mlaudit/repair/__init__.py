"""A report → the edits that mend it, planned all at once; it reads files by `sources/`, and writes none itself.

Moves say which environment takes which version, statements where that stands, file plans what to replace there.
"""
