"""How long events are kept, and what is exported or deleted when somebody asks for it.

Uses models, counts, jobs and store.
"""
