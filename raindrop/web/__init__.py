"""What pages and APIs share on the web: middleware, times in URLs, an agent's text rendered as markdown, and limits on expensive requests.

Uses `raindrop/` alone.
"""
