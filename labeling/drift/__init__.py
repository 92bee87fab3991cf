"""Whether new events look unlike the labelled ones: the test, the nightly look, and what waits in the inbox.

Uses models, labels, and the classifiers and the inbox of issues.
"""
