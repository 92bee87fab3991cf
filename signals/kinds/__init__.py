"""The kinds of signal that people make, a module each: its form, its check, its detector and its words for people. The registry finds them.

Uses every room of signals up to questions.
"""
