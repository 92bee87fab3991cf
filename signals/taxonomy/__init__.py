"""The taxonomy as people change it: one signal or many, defaults, joining names, exchange as a file.

Uses every room of signals up to learning.
"""
