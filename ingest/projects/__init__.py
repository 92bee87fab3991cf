"""Projects, their members and keys, and who may see what: each way in returns the project or refuses.

Uses models.
"""
