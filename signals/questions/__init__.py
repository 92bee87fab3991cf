"""Questions about conversations that an LLM answers, within a project's budget: prompts, verdicts, batches over the history.

Uses models, detectors, vectors and matching.
"""
