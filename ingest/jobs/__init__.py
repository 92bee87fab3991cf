"""Background jobs: work that a person waits for. Each job is a row (ingest.models.Job) of a registered kind (`kinds`), is queued and taken
up again by `queueing`, reports by `progress`, and is framed by `runner`. The room uses models and `raindrop/`; the apps above add their
kinds, and call no other function of the runner than `run_job`."""
