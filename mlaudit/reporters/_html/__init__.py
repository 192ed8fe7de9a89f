"""The parts of the HTML report: style, script, filters, the view of each pair, and one file per section."""
