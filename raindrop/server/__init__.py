"""What `manage.py up` runs and watches: the embedded database, the processes, their HTTP protocol, static files and health.

Uses `raindrop/` alone, and knows nothing of events or signals.
"""
