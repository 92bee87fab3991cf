"""What CI runs beside the whole suite: a part of it under another Python, and against another database server."""
