"""How much personal data redaction finds in presidio_synth_v2, and how much else it eats; its cost per KB.

A labelled span counts as found when all of it is hidden, by whatever kind. Eaten: characters hidden that lie in no span
of a label that stands for personal data here, divided by all such characters.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ingest.redaction import DEFAULT_KINDS, KINDS, Redactor
from raindrop.evaluation.measurement import Measurement, Table, read_rows

# The data's labels, by the kind that should hide them. The others (places, organisations, dates, ages, titles,
# nationalities, web sites) are no kind of ours; hiding them counts as eaten.
KIND_OF_LABEL = {
    "CREDIT_CARD": "card",
    "IBAN_CODE": "iban",
    "US_SSN": "ssn",
    "EMAIL_ADDRESS": "email",
    "PHONE_NUMBER": "phone",
    "IP_ADDRESS": "ip",
    "US_DRIVER_LICENSE": "national_id",
    "PERSON": "name",
    "STREET_ADDRESS": "address",
    "ZIP_CODE": "address",
}
PATTERN_LABELS = ("CREDIT_CARD", "IBAN_CODE", "US_SSN", "EMAIL_ADDRESS", "PHONE_NUMBER", "IP_ADDRESS")
GOAL = 0.97
# What one gets from a first search of the web, to compare with.
BASELINE = {
    "card": r"\b(?:\d[ -]*?){13,16}\b",
    "iban": r"\b[A-Z]{2}\d{2}[A-Z0-9]{11,30}\b",
    "ssn": r"\b\d{3}-\d{2}-\d{4}\b",
    "email": r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b",
    "phone": r"(?:\+?\d{1,3}[-. ]?)?\(?\d{3}\)?[-. ]?\d{3}[-. ]?\d{4}\b",
    "ip": r"\b(?:\d{1,3}\.){3}\d{1,3}\b",
}
Finder = Callable[[str], Iterable[tuple[int, int, str]]]
Row = tuple[str, list[tuple[int, int, str]]]


def measure(data: Path) -> Measurement:
    rows: list[Row] = [
        (
            row["text"],
            [(span["start_position"], span["end_position"], span["entity_type"]) for span in row["spans"]],
        )
        for row in read_rows(data, "presidio_synth_v2")
    ]
    chat = [
        message["content"]
        for row in read_rows(data, "taubench_retail_community")
        for message in row["messages"]
        if message["content"]
    ][:5000]
    pattern_kinds = DEFAULT_KINDS | {"email", "phone", "ip"}
    finders: dict[str, tuple[frozenset[str], Finder]] = {
        "defaults": (DEFAULT_KINDS, _ours(Redactor())),
        "pattern kinds": (pattern_kinds, _ours(Redactor(pattern_kinds))),
        "everything": (frozenset(KINDS), _ours(Redactor(KINDS))),
        "plain regexes": (frozenset(BASELINE), _baseline),
    }
    scores = {name: _score(rows, finder, kinds) for name, (kinds, finder) in finders.items()}
    tables = [_table(name, score) for name, score in scores.items()] + [
        _speed(chat, [text for text, _ in rows])
    ]
    pattern = scores["pattern kinds"]["pattern_recall"]
    note = f"Recall on the pattern kinds {pattern:.4f} (goal {GOAL}); eaten with defaults {scores['defaults']['eaten']:.5f}, with everything {scores['everything']['eaten']:.5f}."
    speed = {str(row[0]): {str(row[1]): row[2]} for row in tables[-1].rows}
    for row in tables[-1].rows:
        speed[str(row[0])][str(row[1])] = row[2]
    return Measurement(tables, {"scores": scores, "microseconds_per_kb": speed}, [note])


def _ours(redactor: Redactor) -> Finder:
    return lambda text: [(found.start, found.end, found.kind) for found in redactor.find(text)]


def _baseline(text: str) -> Iterable[tuple[int, int, str]]:
    for kind, pattern in BASELINE.items():
        for match in re.finditer(pattern, text):
            yield *match.span(), kind


def _score(rows: list[Row], finder: Finder, kinds: frozenset[str]) -> dict[str, object]:
    total: Counter[str] = Counter()
    found: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    covered: Counter[str] = Counter()
    hits: Counter[str] = Counter()
    findings_of: Counter[str] = Counter()
    eaten = innocent = 0
    for text, labelled in rows:
        hidden, personal = bytearray(len(text)), bytearray(len(text))
        findings = list(finder(text))
        for start, end, _ in findings:
            hidden[start:end] = b"\x01" * (end - start)
        for start, end, label in labelled:
            if label in KIND_OF_LABEL:
                personal[start:end] = b"\x01" * (end - start)
                total[label] += 1
                found[label] += all(hidden[start:end])
                characters[label] += end - start
                covered[label] += sum(hidden[start:end])
        for start, end, kind in findings:
            findings_of[kind] += 1
            hits[kind] += any(
                KIND_OF_LABEL.get(label) == kind and start < last and first < end
                for first, last, label in labelled
            )
        innocent += len(text) - sum(personal)
        eaten += sum(1 for gone, own in zip(hidden, personal, strict=True) if gone and not own)
    return {
        "eaten": eaten / innocent,
        "pattern_recall": sum(found[label] for label in PATTERN_LABELS)
        / sum(total[label] for label in PATTERN_LABELS),
        "labels": {
            label: {
                "kind": KIND_OF_LABEL[label],
                "spans": total[label],
                "recall": found[label] / total[label],
                "character_recall": covered[label] / characters[label],
            }
            for label in KIND_OF_LABEL
            if total[label]
        },
        "kinds": {
            kind: {
                "findings": findings_of[kind],
                "precision": hits[kind] / findings_of[kind] if findings_of[kind] else None,
            }
            for kind in sorted(kinds)
        },
    }


def _table(name: str, score: dict[str, Any]) -> Table:
    labels: dict[str, dict[str, object]] = score["labels"]
    kinds: dict[str, dict[str, object]] = score["kinds"]
    rows: list[list[object]] = []
    for label, about in labels.items():
        kind = str(about["kind"])
        own = kinds.get(kind, {})
        rows.append(
            [
                label,
                kind if own else f"({kind} off)",
                about["spans"],
                about["recall"],
                about["character_recall"],
                own.get("findings"),
                own.get("precision"),
            ]
        )
    for kind, own in kinds.items():
        if kind not in KIND_OF_LABEL.values():
            rows.append(["–", kind, 0, None, None, own["findings"], own["precision"]])
    rows.append(["pattern kinds", "", None, score["pattern_recall"], None, None, None])
    rows.append(["eaten of the rest", "", None, score["eaten"], None, None, None])
    return Table(
        f"presidio_synth_v2, {name}",
        ["label", "kind", "spans", "recall", "of chars", "findings", "precision"],
        rows,
    )


def _speed(chat: list[str], personal: list[str]) -> Table:
    rows: list[list[object]] = []
    for name, redactor in (("defaults", Redactor()), ("everything", Redactor(KINDS))):
        for corpus, texts in (("tau-bench", chat), ("presidio", personal)):
            size = sum(len(text.encode()) for text in texts) / 1024
            best = min(_seconds(redactor, texts) for _ in range(3))
            rows.append([corpus, name, best * 1e6 / size, best * 1e6 / len(texts)])
    return Table("cost", ["text", "kinds", "us/KB", "us/text"], rows)


def _seconds(redactor: Redactor, texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        redactor.text(text)
    return time.process_time() - start
