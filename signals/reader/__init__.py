"""An LLM reads conversations: what is read, how it is told, what is made of its answer, and who asks. It writes Facet and Reading rows.

Uses models, llm, and the registry of search's fields.
"""
