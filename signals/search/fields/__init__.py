"""The fields of the query language. Each says once how it is read in the database and off an event in memory.

A module here, or `query_fields` in a room or an app above, calls `register` of `signals/search/fields/registry.py`, which finds a field by its name. `signals/search/binding.py`
imports the modules of this folder.
"""
