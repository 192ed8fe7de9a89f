"""The languages that inputs are written in, each shared by several parsers."""
