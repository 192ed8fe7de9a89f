"""The dependency map of a project: built from the audit and from the code that discovery read, then narrowed.

May import `api` and what is below.
"""
