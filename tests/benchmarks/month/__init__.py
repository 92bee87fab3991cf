"""A simulated month of one project: `python -m tests.benchmarks.month`. Its short form is tests/issues/test_simulated_month.py."""
