"""Counts that are kept as events and matches are stored, so that no page counts at read time; periods and rates that are read from them.

Uses models.
"""
