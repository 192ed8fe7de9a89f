"""Many repositories: each becomes a row, in bounds of its own; the rows are reduced to one report.

A row is data of JSON, so that it goes through any executor and into a state file. Only the command line imports this.
"""
