"""What every use of the LLM shares: the project's daily budget, the wrapping of hostile text, the calls, the runs over the past,
and calling its workers.

Uses models.
"""
