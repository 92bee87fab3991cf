"""What the evidence of many matches has in common: groups, patterns of what the app reports.

Uses every room of signals up to taxonomy.
"""
