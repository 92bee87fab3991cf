"""`manage.py audit draw|read|publish`: the audit of the built-in signals on ordinary traffic (signals/evaluation/audit.py).

audit draw --source NAME... --seed N --out DIR    a sample of each signal; what is not read yet, as text for blind readers
audit read FILE --blocks DIR/blocks.txt --reader R  one reader's answers
evaluate audit                                    what they say
audit publish                                     the kept sources' figures, for the pages
"""

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raindrop.data_dir import BASE_DIR
from raindrop.evaluation.measurement import MissingData
from signals.evaluation.audit import publish
from signals.evaluation.audit_store import FOLDER, READERS, AuditStore
from signals.evaluation.builtin.vectors import VectorStore
from signals.evaluation.drawing import draw, verdicts
from signals.evaluation.reading import (
    BadAnswers,
    blocks,
    guide,
    questions_of,
    read_lines,
    read_objects,
    read_questions,
)
from signals.evaluation.traffic import KEPT_SOURCES, SOURCES, read_source


class Command(BaseCommand):
    requires_system_checks = []
    help = "Draws turns of ordinary traffic for blind readers, takes their answers, and publishes what they say of the built-in signals."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        drawing = actions.add_parser(
            "draw", help="a sample of each signal, and the text of what is not read yet"
        )
        drawing.add_argument(
            "--source",
            nargs="+",
            choices=sorted(SOURCES),
            default=list(KEPT_SOURCES),
            help="default: the kept sources",
        )
        drawing.add_argument("--seed", type=int, default=8, help="the same seed draws the same turns")
        drawing.add_argument("--matches", type=int, default=60, help="of each signal")
        drawing.add_argument(
            "--others",
            type=int,
            default=60,
            help="of each signal; half of them near misses, where there are any",
        )
        drawing.add_argument("--out", type=Path, required=True, help="where READER.md and blocks.txt go")
        drawing.add_argument(
            "--data", type=Path, default=BASE_DIR.parent / "shared" / "data", help="where the data sets lie"
        )
        reading = actions.add_parser("read", help="records one reader's answers")
        reading.add_argument(
            "file", type=Path, help="lines as READER.md says, or JSONL of {id, holds, reader}"
        )
        reading.add_argument("--blocks", type=Path, help="the blocks that were read (not for JSONL)")
        reading.add_argument("--reader", help="a name for the reader (not for JSONL)")
        publishing = actions.add_parser("publish", help="writes the kept sources' figures for the pages")
        for one in (drawing, reading, publishing):
            one.add_argument(
                "--store", type=Path, default=FOLDER, help="where the audit lies (default: fixtures/audit)"
            )

    def handle(self, *, action: str, store: Path, **options: Any) -> None:
        try:
            {"draw": self._draw, "read": self._read, "publish": self._publish}[action](
                AuditStore(store), options
            )
        except (MissingData, BadAnswers, OSError) as error:
            raise CommandError(str(error)) from None

    def _draw(self, store: AuditStore, options: dict[str, Any]) -> None:
        turns = [turn for name in options["source"] for turn in read_source(name, data=options["data"])]
        rows, strata = draw(
            turns,
            verdicts(turns, VectorStore()),
            seed=options["seed"],
            matches=options["matches"],
            others=options["others"],
        )
        store.replace_sample(rows, strata)
        read = store.answers_by_row()
        waiting = [row for row in rows if len(read.get(row.id, ())) < READERS]
        questions = questions_of(waiting, seed=options["seed"])
        by_id = {turn.id: turn for turn in turns}
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        (out / "READER.md").write_text(guide(), encoding="utf-8")
        (out / "blocks.txt").write_text(
            "\n".join(blocks(by_id, questions, seed=options["seed"])), encoding="utf-8"
        )
        self.stdout.write(
            f"{len(turns)} turns, {len(rows)} rows drawn, {len(rows) - len(waiting)} of them read before. "
            f"{len(questions)} turns to be read: {out / 'blocks.txt'}."
        )

    def _read(self, store: AuditStore, options: dict[str, Any]) -> None:
        sample = store.sample()
        text = options["file"].read_text(encoding="utf-8")
        if options["file"].suffix == ".jsonl":
            answers = read_objects(_objects(text), {row.id for row in sample})
        elif options["blocks"] is None or not options["reader"]:
            raise CommandError("Lines need --blocks (what was read) and --reader (by whom).")
        else:
            questions = read_questions(options["blocks"].read_text(encoding="utf-8"))
            answers = read_lines(
                text, questions, {(row.turn, row.signal): row.id for row in sample}, options["reader"]
            )
            answered = {line.split()[0] for line in text.splitlines() if line.split()}
            if missing := [turn for turn in questions if turn not in answered]:
                self.stdout.write(
                    f"{len(missing)} of {len(questions)} turns are not answered, from {missing[0]} on."
                )
        self.stdout.write(f"{len(answers)} answers, {store.add_answers(answers)} of them new.")

    def _publish(self, store: AuditStore, options: dict[str, Any]) -> None:
        self.stdout.write(f"Published the precision of {publish(store)} signals.")


def _objects(text: str) -> list[Any]:
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise BadAnswers(f"not JSONL: {error}") from None
