"""One review queue over whatever can be taught (subject.py): choosing events to ask about, the next few cards, and who holds them.

Uses models, labels and teaching.
"""
