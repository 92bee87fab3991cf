"""Measures what few labels teach an issue, and whether what is published of it is true (`manage.py evaluate fewshot`, `quality`, `drift`).

Uses models, queue and the root. Only management commands import it.
"""
