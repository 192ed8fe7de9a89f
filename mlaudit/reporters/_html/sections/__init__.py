"""The sections of the HTML report: a file here is a section."""
