"""A month of one project, with bursts, releases, fixes, silent weeks, processes that are killed and receivers that refuse: does each issue walk
through the states that the plan says, and does each alert reach a webhook and a mailbox once?

    .venv/bin/python -m tests.benchmarks.month [--seeds 0 1 2] [--step 1] [--traffic 6] [--crashes 0.03]

Each seed is a month in a project of its own, in a database that is made for it and deleted. Django's clock is moved by hand (clock.py). A
process that dies is a child that is killed before one of its SQL statements (workers.py). Ends with 1 where anything is not as planned.
"""

import argparse
import sys
import time

from tests.benchmarks.database import scratch_app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--step", type=float, default=1.0, help="Hours between two looks.")
    parser.add_argument("--traffic", type=float, default=6.0, help="Events an hour that are of no issue.")
    parser.add_argument(
        "--crashes", type=float, default=0.03, help="The share of the work in which a process dies."
    )
    options = parser.parse_args()
    wrong = False
    with scratch_app():
        from ingest.projects.projects import create_project
        from tests.benchmarks.month.running import run_month

        for seed in options.seeds:
            began = time.monotonic()
            project = create_project(slug=f"month-{seed}", name=f"Month {seed}")
            found = run_month(
                project=project,
                seed=seed,
                step_hours=options.step,
                traffic=options.traffic,
                share=options.crashes,
            )
            project.delete()
            print(f"Seed {seed}, {time.monotonic() - began:.0f} s\n{found.text()}\n", flush=True)
            wrong |= not found.is_right
    sys.exit(int(wrong))


if __name__ == "__main__":
    main()
