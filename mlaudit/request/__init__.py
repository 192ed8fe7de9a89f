"""What was requested: the command line and the configuration as frozen values.

May import documents, knowledge and nouns.
"""
