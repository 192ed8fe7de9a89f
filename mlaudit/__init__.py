"""mlaudit: says before the deploy what drifted apart between training and serving."""

__version__ = "0.1.0"
