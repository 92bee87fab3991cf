"""What every API of the project shares: the shapes of lists, cursors for pages of big tables, the OpenAPI schema, and the management API's URLs.

Uses `raindrop/` alone. Only `urls` names the apps: it puts their APIs together.
"""
