"""Several revisions of one repository → what a branch changed, and since when two environments differ.

It imports the commands of `api` and everything below them; nothing but the command line and the door imports it.
"""
