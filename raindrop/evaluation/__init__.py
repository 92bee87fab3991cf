"""What measurements share (`manage.py evaluate NAME`): the table that they return, and the sets of intents that several read.

Uses `raindrop/` alone. Each measurement stands in the app that it measures, in a room called `evaluation`.
"""
