"""Measuring on public data (`manage.py evaluate NAME`). Like the commands, it may import every room."""
