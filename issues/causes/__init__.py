"""Which values of which dimensions an issue's conversations have more often than all others: its likely causes, read, found and said.

Uses models, and what it follows to read it.
"""
