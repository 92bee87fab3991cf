"""The list of events, one event, one conversation: what they show and why an event is in the list.

Uses what signals/pages uses.
"""
