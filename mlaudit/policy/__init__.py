"""Hits to findings, as the user wants them: selected, suppressed, graded, folded, summed up.

May import rules, comparison and everything below.
"""
