"""Words to a query: what a person asks for in a sentence, as a query that the real parser takes. With a key an LLM translates, else rules do.

Uses search, llm (the budget) and what they use. It writes nothing but what the budget has spent.
"""
