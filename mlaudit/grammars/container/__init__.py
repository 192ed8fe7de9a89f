"""Dockerfiles, image tags, and what the files of an image say."""
