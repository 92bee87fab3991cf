"""The taxonomy as a YAML file: round trips, what is refused and where, dry runs, the pages and the commands."""

import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingest.models import Job, Project, User
from signals.catalogue.installing import ensure_groups, ensure_signals
from signals.models import SignalDefinition, SignalGroup
from signals.taxonomy.definitions import change_signal, create_signal
from signals.taxonomy.exchange import export_signals, import_signals
from signals.taxonomy.exchange_file import MAX_BYTES, FileRefused, read_file
from tests.examples import examples

FILE = """\
version: 1
groups:
  - {name: Money, description: What people pay.}
signals:
  - key: refund
    name: Refund
    sentiment: negative
    group: Money
    reads: user
    config: {words: [refund, money back]}
  - {key: angry_refund, name: Angry refund, config: {all: [{signal: refund}, {signal: user_frustration}]}}
  - {key: starred, kind: explicit, name: Starred, sentiment: positive, muted: true}
  - {key: win, kind: builtin, name: Praise, threshold: 0.8, enabled: false}
"""


def taken(project: Project, text: str, **options: Any) -> dict[str, str]:
    outcomes = import_signals(project=project, taxonomy=read_file(text), user=None, **options)
    return {outcome.key: outcome.what for outcome in outcomes}


def signal(project: Project, key: str) -> SignalDefinition:
    return SignalDefinition.objects.select_related("group").get(project=project, key=key)


def test_a_file_makes_and_changes_signals(project: Project) -> None:
    assert taken(project, FILE) == {
        "refund": "create",
        "angry_refund": "create",
        "starred": "create",
        "win": "change",
    }
    refund, starred, win = (signal(project, key) for key in ("refund", "starred", "win"))
    assert refund.group and (refund.group.name, refund.group.description) == ("Money", "What people pay.")
    assert refund.config == {"words": ["refund", "money back"]} and refund.sentiment == "negative"
    assert (starred.kind, starred.muted, starred.reviewed) == ("explicit", True, True)
    assert (win.name, win.threshold, win.enabled) == ("Praise", 0.8, False)
    assert Job.objects.filter(kind="backfill").count() == 2
    assert taken(project, FILE) == dict.fromkeys(["refund", "angry_refund", "starred", "win"], "keep")
    assert win.history.latest("history_id").history_change_reason == "import of a YAML file"


def test_a_dry_run_changes_nothing_and_says_what_would_change(project: Project) -> None:
    ensure_signals(project)
    before = list(SignalDefinition.objects.order_by("pk").values())
    outcomes = import_signals(project=project, taxonomy=read_file(FILE), user=None, dry_run=True)
    assert [outcome.what for outcome in outcomes] == ["create", "create", "create", "change"]
    changes = {(change.field, change.before, change.after) for change in outcomes[3].fields}
    assert changes == {("name", "Win", "Praise"), ("threshold", "empty", "0.8"), ("enabled", "yes", "no")}
    assert list(SignalDefinition.objects.order_by("pk").values()) == before
    assert not Job.objects.exists() and not SignalGroup.objects.filter(name="Money").exists()
    assert not SignalDefinition.history.exists()


def test_what_one_project_exports_another_imports(project: Project, other_project: Project) -> None:
    taken(project, FILE)
    text = export_signals(project)
    outcomes = taken(other_project, text)
    assert outcomes["refund"] == "create" and outcomes["win"] == "change" and outcomes["abuse"] == "keep"
    assert export_signals(other_project) == text
    assert set(taken(other_project, text).values()) == {"keep"}


def test_a_sentence_learns_again_where_it_is_imported(project: Project, other_project: Project) -> None:
    create_signal(
        project=project,
        name="Delivery",
        config={"sentence": "The parcel is late", "examples": ["Where is my parcel?", "It has not arrived"]},
    )
    taken(other_project, export_signals(project))
    assert signal(other_project, "delivery").trained


text_of = st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60
)


any_signal = st.fixed_dictionaries({
    "name": text_of.filter(str.strip),
    "description": text_of,
    "words": st.lists(st.from_regex(r"[a-zé: #&*!\-']{2,20}", fullmatch=True).filter(lambda w: len(w.strip()) > 1), min_size=1, max_size=4),
    "threshold": st.none() | st.floats(0, 1),
    "enabled": st.booleans(),
    "muted": st.booleans(),
})  # fmt: skip
ODD = {
    "name": "a\x85b", "description": "\x85", "words": ["ab"], "threshold": None, "enabled": True, "muted": False,
}  # fmt: skip


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(8), deadline=None
)
@example(group=("a\x85 b", "\x85"), rows=[ODD])
@given(group=st.tuples(text_of.filter(str.strip), text_of), rows=st.lists(any_signal, min_size=5, max_size=5))
def test_any_signal_goes_round(
    project: Project, other_project: Project, group: tuple[str, str], rows: list[dict[str, Any]]
) -> None:
    SignalDefinition.objects.filter(builtin=False).delete()
    SignalGroup.objects.filter(signals=None).delete()
    name, description = group
    row = ensure_groups(project, {name: description})[name]
    for number, fields in enumerate(rows):
        config = {"words": fields["words"]}
        others = {key: value for key, value in fields.items() if key != "words"}
        SignalDefinition.objects.create(project=project, key=f"s{number}", group=row, config=config, **others)
    text = export_signals(project)
    entries = {entry.key: entry for entry in read_file(text).entries}
    for number, fields in enumerate(rows):
        read = entries[f"s{number}"].fields
        assert (read["name"], read["group"]) == (fields["name"], name)
    try:
        taken(other_project, text)
    except FileRefused as refused:  # words that the detector itself refuses: not the file's fault
        assert all(problem.message.startswith("config") for problem in refused.problems)
        keys = [problem.where.removeprefix("signal ") for problem in refused.problems]
        assert SignalDefinition.objects.filter(project=project, key__in=keys).delete()[0] >= 1
        text = export_signals(project)
        taken(other_project, text)
    assert export_signals(other_project) == text


@settings(max_examples=examples(200), deadline=None)
@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda b: b.decode("latin-1")))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_file(text)
    except FileRefused as refused:
        assert refused.problems and all(problem.line >= 1 for problem in refused.problems)


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nversion: 1\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        ("just text", 1, "fields with values"),
        ("version: 2", 1, "version: 1"),
        ("signals: []", 1, "version: 1"),
        ("version: 1\nsignal: []", 2, "Did you mean 'signals'?"),
        ("version: 1\nsignals:\n  - {key: a, sentimnt: positive}", 3, "Did you mean 'sentiment'?"),
        ("version: 1\nsignals:\n  - key: a\n    sentiment: sad", 4, "must be one of: positive"),
        ("version: 1\nsignals:\n  - key: a\n    name: no", 4, "must be text, not bool"),
        ("version: 1\nsignals:\n  - key: a\n    name: 2024-01-01", 4, "Put it in quotes"),
        ("version: 1\nsignals:\n  - key: a\n    enabled: 'yes'", 4, "true or false"),
        ("version: 1\nsignals:\n  - key: a\n    threshold: 7", 4, "0 to 1"),
        ("version: 1\nsignals:\n  - key: a\n    threshold: .nan", 4, "NaN"),
        ("version: 1\nsignals:\n  - key: a\n    config: [refund]", 4, "config must be"),
        ("version: 1\nsignals:\n  - {key: a}\n  - {key: a}", 4, "another signal of this key"),
        ("version: 1\nsignals:\n  - key: a\n    key: b", 4, "twice"),
        ("version: 1\nsignals:\n  - {key: a/b}", 3, "letters, digits"),
        ("version: 1\nsignals:\n  - {name: a}", 3, "key must be"),
        ("version: 1\nsignals:\n  - {key: a, kind: explicit, config: {}}", 3, "no field 'config' for the kind explicit"),
        ("version: 1\nsignals: {a: b}", 2, "must be a list"),
        ('version: 1\nsignals:\n  - {key: a, name: "x\\0y"}', 3, "NUL"),
        ('version: 1\nsignals:\n  - {key: a, name: "\\ud800"}', 3, "surrogate|YAML"),
        ("version: 1\nsignals:\n  - {key: a, name: !!python/object/apply:os.system [id]}", 3, "fields|list|text|quotes"),
        ("version: 1\nsignals:\n  - {key: a, name: !!binary aGk=}", 3, "quotes"),
        ("version: 1\n1: 2", 2, "must be text"),
        ("version: 1\nsignals:\n  - [", 3, "not YAML"),
        ("version: 1\n---\nversion: 1", 2, "One document"),
        (BOMB, 1, "Anchors"),
        ("a: " + "[" * 5000, 1, "nested too deeply"),
        ("version: 1\n" + "#" * MAX_BYTES, 1, "larger than"),
        ("version: 1\ngroups:\n  - {name: ''}", 3, "must not be empty"),
        ("version: 1\nsignals:\n" + "".join(f"  - {{key: k{i}}}\n" for i in range(501)), 503, "More than 500"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, line: int, says: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read_file(text)
    problem = refused.value.problems[0]
    assert any(part in str(problem) for part in says.split("|")), str(problem)
    assert problem.line in {line, line + 1} if "not YAML" in str(problem) else problem.line == line


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("{key: nothing_such, kind: builtin}", "no built-in signal"),
        ("{key: win, kind: custom}", "is builtin in this project"),
        ("{key: a, name: A}", "needs one"),
        ("{key: a, name: A, config: {pattern: '('}}", "config: "),
        ("{key: a, name: A, config: {metric: happiness >= 3}}", "config: "),
        ("{key: a, name: A, config: {all: [{signal: nothing_such}]}}", "config: "),
        ("{key: names, kind: explicit}", "key: There is a signal"),
        ("{key: win, kind: builtin, config: {words: [a]}}", "config: "),
    ],
)
def test_what_the_project_refuses_is_said_and_nothing_is_kept(
    project: Project, entry: str, says: str
) -> None:
    text = f"version: 1\nsignals:\n  - {{key: good, name: Good, config: {{words: [good]}}}}\n  - {entry}\n"
    with pytest.raises(FileRefused) as refused:
        taken(project, text)
    [problem] = refused.value.problems
    assert says in problem.message and problem.line == 4
    assert not SignalDefinition.objects.filter(key="good").exists()


def test_nothing_is_executed(project: Project, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    text = f"version: 1\nsignals:\n  - !!python/object/apply:os.system ['touch {mark}']\n"
    with pytest.raises(FileRefused):
        read_file(text)
    assert not mark.exists()


# -- the app's page


def test_the_page_checks_then_imports(project: Project, member: User) -> None:
    page = Client()
    page.force_login(member)
    url = f"/p/{project.slug}/signals/yaml/"
    upload = SimpleUploadedFile("s.yaml", FILE.encode())
    html = page.post(url, {"action": "check", "file": upload}).content.decode()
    assert "What the import would do" in html and "<del>Win</del>" in html and "money back" in html
    assert not SignalDefinition.objects.filter(key="refund").exists()
    assert page.post(url, {"action": "apply", "text": FILE}).status_code == 302
    assert signal(project, "refund").history.latest().history_user == member
    download = page.get(url + "?download")
    assert download["Content-Disposition"] == 'attachment; filename="signals-acme.yaml"'
    assert yaml.safe_load(download.content)["version"] == 1


@pytest.mark.parametrize("file", [b"", b"\xff\xfe\x00", b"version: 1\nsignals:\n  - {key: <script>}"])
def test_the_page_says_what_is_wrong(project: Project, member: User, file: bytes) -> None:
    page = Client()
    page.force_login(member)
    answer = page.post(
        f"/p/{project.slug}/signals/yaml/", {"action": "apply", "file": SimpleUploadedFile("s.yaml", file)}
    )
    assert answer.status_code == 400 and b"{key: <script>" not in answer.content


# -- commands


def test_the_commands_carry_a_taxonomy_over(project: Project, other_project: Project, tmp_path: Path) -> None:
    taken(project, FILE)
    path = tmp_path / "signals.yaml"
    call_command("export_signals", project="acme", output=str(path))
    out = io.StringIO()
    call_command("import_signals", str(path), project="umbrella", dry_run=True, stdout=out)
    assert "refund: new" in out.getvalue() and "name: Win -> Praise" in out.getvalue()
    assert not SignalDefinition.objects.filter(project=other_project, key="refund").exists()
    call_command("import_signals", str(path), project="umbrella", stdout=io.StringIO())
    out = io.StringIO()
    call_command("export_signals", project="umbrella", stdout=out)
    assert out.getvalue() == path.read_text()


def test_the_commands_say_what_is_wrong(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nsignals:\n  - {key: a, colour: red}\n")
    with pytest.raises(
        CommandError, match="line 3: signal a: There is no field 'colour' for the kind custom"
    ):
        call_command("import_signals", str(path), project="acme")
    with pytest.raises(CommandError, match="no project"):
        call_command("import_signals", str(path), project="nobody")
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_signals", str(tmp_path / "none"), project="acme")


def test_a_file_changes_only_what_it_names(project: Project) -> None:
    ensure_signals(project)
    change_signal(signal=signal(project, "win"), description="ours", muted=True)
    taken(project, "version: 1\nsignals:\n  - {key: win, kind: builtin, sentiment: neutral}")
    win = signal(project, "win")
    assert (win.description, win.muted, win.sentiment) == ("ours", True, "neutral")
