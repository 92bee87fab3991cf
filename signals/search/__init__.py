"""Finding events: one query language (text, tree, fields), read by the database and in memory to the same answer; and nearness by meaning.

Upper rooms and apps add fields of their own (fields/registry.py). Uses models, detectors, vectors and matching.
"""
