"""The values that every way in produces and the store takes, made safe for PostgreSQL, and the rules by which parts of one event become one.

Uses models.
"""
