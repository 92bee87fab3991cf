"""The inbox: what waits for a person, of whatever kind, and how it is reviewed.

Uses models, states, and the clusters of signals. Rooms and apps above add kinds of their own (`register_kind`).
"""
