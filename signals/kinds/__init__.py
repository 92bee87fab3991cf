"""The kinds of signal that people make: words, sentences, numbers, questions, combinations. How each is checked, taught and detected.

Uses every room of signals up to questions.
"""
