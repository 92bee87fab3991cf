"""The fields of the query language. Each says once how it is read in the database and off an event in memory.

A module here, or `query_fields` in a room or an app above, calls `register`; `signals/search/fields/registry.py` finds them by name.
"""
