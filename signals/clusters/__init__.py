"""Clusters as they are kept: the run that finds them anew, the stage that gives new events to them, what people change, reading, the matrix
and the map. The algorithms are in discovery. Uses every room of signals up to discovery.
"""
