"""What an issue's state is, and every way it changes: a pure table, its doors, and what an event that arrives changes.

Uses models. The table and the terms (transitions, terms, releases) know no database.
"""
