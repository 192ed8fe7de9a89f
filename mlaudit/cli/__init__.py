"""The command line: arguments to a request, reports to streams and files, exit codes.

Decides nothing. May import every other stage.
"""
