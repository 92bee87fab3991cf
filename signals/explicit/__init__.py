"""Signals that the app sends about its own events: which definition a name belongs to, edits compared, diagnostics and passages read.

Uses models, detectors and catalogue.
"""
