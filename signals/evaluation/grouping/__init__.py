"""Discovery measured on products whose problems and intents are known, and on public short texts, beside other recipes.

Uses every room of signals below evaluation.
"""
