"""The inputs of ../shared/cases: what users of other tools saw misread, each sent as its README says."""

import warnings
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import ingest.files.importing
from tests.ingest.cases.runner import Case, find_cases, load_cases, problems_of, send_case

FOLDER = find_cases()
MISSING = "../shared/cases is not beside the checkout (RAINDROP_CASES may name it): its cases were NOT run"
if FOLDER is None:
    warnings.warn(MISSING, stacklevel=1)
CASES = load_cases(FOLDER) if FOLDER else [{"id": "all"}]


@pytest.mark.django_db
@pytest.mark.skipif(FOLDER is None, reason=MISSING)
@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case_is_read_as_it_is_meant(
    case: Case,
    client: Client,
    project: Any,
    write_key: str,
    query_key: str,
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(ingest.files.importing, "data_dir", lambda: tmp_path / "data")
    assert FOLDER
    problems = send_case(case, FOLDER, client=client, write_key=write_key, project=project, scratch=tmp_path)
    problems += problems_of(case, client=client, project=project, query_key=query_key)
    assert not problems, case["why"] + "\n" + "\n".join(text[:1500] for text in problems)
