"""The languages of Python packaging: requirements, markers, metadata, locks and the manifests of its tools."""
