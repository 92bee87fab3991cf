"""What a tool's result tells of a failure, in all the dresses that runs of agents show."""

import uuid

import pytest

from signals.detectors import DETECTORS
from signals.detectors.batch import Batch, Exchange, SpanFacts, Turn
from signals.detectors.text import Text

TRACEBACK = (
    "Traceback (most recent call last):\n  File \"a.py\", line 3, in <module>\n    main()\nKeyError: 'price'"
)


def span(output: str, *, name: str = "bash", given: str = "{}", status: str = "ok") -> SpanFacts:
    return SpanFacts("s", "tool", name, status, "", output, given)


def words(*spans: SpanFacts, before: tuple[SpanFacts, ...] = ()) -> str | None:
    """The evidence, "" where only a field told it; None where no failure was found."""
    previous = [Exchange(Text("hi"), Text("ok"), before)] if before else []
    turn = Turn(uuid.uuid4(), Text("x"), Text("y"), spans=list(spans), previous=previous)
    detector = DETECTORS["tool_failure"]
    found = [one for one in detector.detect(Batch([turn])) if one.score >= detector.threshold]
    return None if not found else "".join(piece["text"] for piece in found[0].evidence)


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (f"collected 4 items\n{TRACEBACK}\n\nexit code 1", "Traceback (most recent call last):"),
        (f"loading\n{TRACEBACK}", "Traceback (most recent call last):"),
        ("done with warnings\nProcess exited with code 137", "Process exited with code 137"),
        ("npm ERR! missing script: build\nexit status 1", "npm ERR! missing script: build"),
        (
            "app.rb:4:in `run': no key (KeyError)\n\tfrom app.rb:9:in `<main>'",
            "app.rb:4:in `run': no key (KeyError)",
        ),
        (
            "a.cs(3,5): error CS0103: The name 'x' does not exist\n\nBuild FAILED.",
            "a.cs(3,5): error CS0103: The name 'x' does not exist",
        ),
        ("To host:repo\n ! [rejected] main -> main (fetch first)", "! [rejected] main -> main (fetch first)"),
        ("* Closing connection 0\ncurl: (52) Empty reply", "curl: (52) Empty reply"),
        ("Unknown tool: serch. Available tools: search", "Unknown tool: serch. Available tools: search"),
        ("Could not parse tool arguments as JSON", "Could not parse tool arguments as JSON"),
        ('{"ok": 0, "errmsg": "not primary"}', None),
        ('{"detail": [{"loc": ["body", "day"], "msg": "field required"}]}', None),
        ('{"exit_code": null, "signal": "SIGSEGV", "stdout": "frame 1"}', None),
        ('[{"message": "No loss reason.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}]', None),
        (
            "<html><head><title>407 Proxy Authentication Required</title></head></html>",
            "<html><head><title>407 Proxy Authentication Required</title></head></html>",
        ),
        ("bash: tarpack: command not found", "bash: tarpack: command not found"),
        ("cp: /etc/x: Permission denied", "cp: /etc/x: Permission denied"),
        (
            "error[E0382]: borrow of moved value: `a`\n --> src/main.rs:4",
            "error[E0382]: borrow of moved value: `a`",
        ),
        (
            "=========== 2 failed, 9 passed in 0.3s ===========",
            "=========== 2 failed, 9 passed in 0.3s ===========",
        ),
        ("HTTP 503 Service Unavailable", "HTTP 503 Service Unavailable"),
        ("404 Not Found", "404 Not Found"),
        ("The request timed out after 30 s", "The request timed out after 30 s"),
        (
            '{"exit_code": 2, "stdout": "", "stderr": "usage: x"}',
            '{"exit_code": 2, "stdout": "", "stderr": "usage: x"}',
        ),
        ("a.c: In function 'f':\na.c:3:2: error: 'x' undeclared", "a.c:3:2: error: 'x' undeclared"),
        (
            "mk : Access denied\n    + CategoryInfo : PermissionDenied: (x:String)",
            "+ CategoryInfo : PermissionDenied: (x:String)",
        ),
        ("'make' is not recognized as an internal or external command,", None),
        ("CONFLICT (content): Merge conflict in a.py", None),
        ("Error from server (Forbidden): pods is forbidden", None),
        ("Error code: 401 - {'error': {'message': 'bad key'}}", None),
        ("╷\n│ Error: Invalid reference\n│\n╵", "│ Error: Invalid reference"),
        ("asyncpg.exceptions.UndefinedTableError: no table x", None),
        (
            '<?xml version="1.0"?>\n<Error><Code>NoSuchKey</Code></Error>',
            "<Error><Code>NoSuchKey</Code></Error>",
        ),
        ("EACCES: permission denied, mkdir '/srv'", None),
        ("getaddrinfo ENOTFOUND db.internal", None),
        ("Fehler: Datei nicht gefunden", None),
        ('{"codigo": 503, "mensaje": "no disponible"}', None),
        ('{"content": [{"type": "text", "text": "no such table"}], "isError": true}', None),
        ('{"is_error": true, "content": "locked"}', None),
        ('{"status": 503, "body": ""}', None),
        ('{"response": {"status_code": 429}}', None),
        ('{"result": {"error": {"code": "E_CONN"}}}', None),
        ('{"status": "timeout"}', None),
        ('"{\\"status\\": 500}"', None),
        ('[{"type": "text", "text": "Error: order 17 not found"}]', None),
        ('{"stdout": "", "stderr": "Traceback (most recent call last):\\n..."}', None),
    ],
)
def test_a_failure_is_found_with_its_words(output: str, shown: str | None) -> None:
    found = words(span(output))
    assert found is not None
    assert found == (output if shown is None else shown)


@pytest.mark.parametrize(
    "one",
    [
        span("0 failed, 12 passed\nexit code 0"),
        span(f"{TRACEBACK}\nexit code 0"),
        span(f"app.log:\n{TRACEBACK}", name="read_file"),
        span("2026-11-02 ERROR payment failed\n2026-11-02 ERROR retry", name="search_logs"),
        span("ERROR: disk\nERROR: disk", given='{"cmd": "grep ERROR app.log"}'),
        span("exit code 1", given='{"cmd": "grep -rn foo src/"}'),
        span('{"host": "db-1", "errors": 3, "p95_ms": 40}', name="metrics"),
        span("1. Exit code 139 explained\n2. Exit status 2 of make", name="search_docs"),
        span("#4 Upload ends with a timeout\n#9 Login page is white", name="list_tickets"),
        span("Try 1: connection refused. Try 2: completed.", name="deploy"),
        span("Error code: 0", name="run"),
        span('{"ok": false, "reason": "no Saturday delivery here", "options": ["2026-11-13"]}'),
        span('{"hits": [{"level": "error", "message": "boom"}, {"level": "error", "message": "bam"}]}'),
        span('{"errors": [], "status": 200}'),
        span('{"error": "none", "items": 4}'),
        span('{"exit_code": 0, "stderr": "warning: error: deprecated"}'),
        span("The error budget is 0.1 %. Nothing timed out."),
        span('{"code": 200, "amount": 500}'),
        span('{"status": "shipped", "total": 451}'),
        span("4 runs, 9 assertions, 0 failures, 0 errors"),
        span("NAME  STATUS\netl   Exited (137) 2 hours ago\nweb   Up 4 days", name="docker_ps"),
        span(
            " id | last_error\n----+------------------------\n 9  | HTTP 429 Too Many Requests\n(1 row)",
            name="sql",
        ),
        span("1 class Refused extends Error {\n2   statusCode = 402;\n3 }", name="read_file"),
        span(
            '{"sid": "SM9", "to": "+49", "status": "undelivered", "error_message": "Unreachable", "sent": "09:10"}',
            name="get_message",
        ),
        span('{"detail": "Password reset e-mail has been sent."}'),
        span('{"succeeded": 0, "failed": 0, "skipped": 3}'),
        span("Breakpoint 1 at 0x80483c4: file a.c, line 7.", name="gdb"),
        span("E: drive is 40 % full"),
        span("How to get past a page that asks to verify you are human. " * 30, name="web_fetch"),
        span("I found 3 articles about HTTP status codes such as 404."),
    ],
)
def test_what_only_talks_of_errors_is_none(one: SpanFacts) -> None:
    assert words(one) is None


def test_work_that_still_waits_when_it_is_asked_about_again_is_stuck() -> None:
    queued, done = (
        span('{"id": "R-1", "status": "queued"}', name="load"),
        span('{"status": "done"}', name="load"),
    )
    other = span('{"status": "running"}', name="report")
    assert words(queued) is None
    assert words(queued, queued) is not None
    assert words(queued, before=(queued,)) is not None
    assert words(queued, before=(queued, done)) is None
    assert words(queued, done, before=(queued,)) is None
    assert words(other, before=(queued,)) is None


def test_a_table_of_errors_is_what_was_asked_for() -> None:
    assert words(span("error_code | message | n\n504 | upstream time-out | 3120\n", name="sql")) is None


def test_an_order_that_is_pending_is_no_work_that_waits() -> None:
    """It was a failed tool on every second look: 112 of 635 matches on the demo."""
    items = ", ".join(f'{{"name": "thing {n}", "item_id": "{n}000000"}}' for n in range(8))
    order = span(f'{{"order_id": "#W1", "items": [{items}], "status": "pending"}}', name="get_order_details")
    assert words(order, order) is None and words(order, before=(order,)) is None
    timer = span('{"id": "tm-2", "status": "running", "ends_in": 480}', name="timer")
    assert words(timer, timer) is None
    short = span('{"order_id": "#W1", "items": [{"name": "vase"}], "status": "pending"}', name="get_order")
    assert words(short, short) is None


def test_the_same_tool_fails_across_the_turns_of_a_conversation() -> None:
    detector = DETECTORS["repeated_tool_failure"]
    bad, good = span("HTTP 503", name="track"), span("{}", name="track")

    def repeated(before: list[SpanFacts], now: list[SpanFacts]) -> bool:
        previous = [Exchange(Text("hi"), Text("ok"), tuple(before))]
        return bool(
            detector.detect(Batch([Turn(uuid.uuid4(), Text("x"), Text("y"), spans=now, previous=previous)]))
        )

    assert repeated([bad, bad], [bad])
    assert repeated([bad, bad], [span("{}", name="other"), bad])
    assert not repeated([bad, good], [bad, bad])
    assert not repeated([bad, bad, bad], [good])
    assert not repeated([bad, bad, bad], [])
