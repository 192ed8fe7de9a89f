"""Names to bytes: files, git revisions, images, installed environments, standard input.

The only stage of an audit that opens anything. May import documents, knowledge and nouns.
"""
