"""The query language: text <-> tree, with the place of each part in the text.

It knows neither the project nor the database: which fields there are, and what they mean, is the room `fields` beside it.
"""
