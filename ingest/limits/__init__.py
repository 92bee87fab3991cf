"""What a sender may use: requests, a monthly quota, memory while a request is read, threads; and the counters behind these.

Uses models and projects.
"""
