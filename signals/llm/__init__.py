"""What every use of the LLM shares: the project's daily budget, the wrapping of hostile text, the calls, and calling its workers.

Uses models.
"""
