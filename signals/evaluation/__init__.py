"""Measures what signals find: the corpus of agents' conversations, the audit of matches, and the training of the turn models.

Reads every room of signals/ below it. Nothing at run time imports this room; management commands do.
"""
