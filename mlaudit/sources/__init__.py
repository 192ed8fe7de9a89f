"""Where bytes come from: the only place that reads."""
