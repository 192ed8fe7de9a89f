"""Shell commands, and what the installers that they call would install."""
