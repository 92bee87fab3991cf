"""What arrives in parts becomes events here: traces whose spans come late, hand-overs, evaluations, calls that two tracers report.

Uses every room of ingest up to health.
"""
