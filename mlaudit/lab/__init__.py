"""Measurements that become knowledge: dump in one environment, load in another.

The only stage that builds and runs environments; no audit imports it. `generate` writes what follows from parsers.
"""
