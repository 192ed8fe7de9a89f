"""Proofs: the environments of a pair are built, the model is loaded under its reader, and the answers are compared.

This stage installs packages and runs them, and runs what a model file holds; nothing else in mlaudit does, and only
`mlaudit prove` starts it. May import everything but the command line.
"""
