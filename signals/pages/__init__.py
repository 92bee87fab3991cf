"""Pages of signals, of the taxonomy, and of what is discovered. Events and conversations stand in `events`, forms in `forms`.

Uses every room of signals up to read_api.
"""
