"""Measures issue classifiers from few labels on public data (`manage.py evaluate classifiers`).

Uses classifier. Only management commands import it.
"""
