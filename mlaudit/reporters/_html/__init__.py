"""The parts of the HTML report: its style, its script, and what fills them."""
