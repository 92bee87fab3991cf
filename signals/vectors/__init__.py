"""What the pipeline makes of an event's text to find it by: two vectors, tones and a document of words; and reading the vectors back.

Uses models and detectors (for the language).
"""
