"""Reading a tool's result: whether it tells of a failure, and where; whether the work that it stands for is still waiting. Any language.

A result is believed in this order: the exit code or HTTP status that it states, the fields of its JSON, then its words. Words count
less where the tool reads what others wrote (a log search, `cat`, `grep`): what it found is no failure of its own.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from signals.detectors.batch import SpanFacts

# A result that opens like this is an error, even where the span's status was not set.
OPENS = re.compile(
    r"\s*(?:<\?xml[^>]{0,80}\?>\s*)?[\"'\[(<╷│|\s]*(?:(?:an?|the|unexpected|internal|fatal|runtime|tool|api|http|server|network) )?"
    r"(?:traceback \(most recent call last\)|"
    r"(?:error|exception|failure|failed|(?:\w{1,40}\.){0,6}\w{2,40}(?:error|exception)|panic|fatal|timed? ?out|fehler|erreur|erro|errore|fout)\b"
    r"\s*(?:[:\])>,.!-]|\d|while|executing|in |from |code[: ]+(?![ :]|0\b|none\b)|occurred|calling|\())",
    re.IGNORECASE,
)
# The name that an operating system gives an error, at the beginning or in a short message.
ERRNO = r"E(?:NOENT|ACCES|PERM|ISDIR|NOTDIR|EXIST|NOTEMPTY|NOSPC|ROFS|BUSY|PIPE|MFILE|ADDRINUSE|HOSTUNREACH|NETUNREACH|AI_AGAIN|CONN[A-Z]{5,7}|TIMEDOUT)"
# The same in a message of its own: of SHORT characters at most, and not where the tool reads what others wrote.
SAYS = re.compile(
    r"\s*[\"'\[(<]*(?:access (?:is )?denied|permission denied|unauthori[sz]ed\b|forbidden\b|unknown (?:tool|function|method|command|argument|parameter|option|flag|action)|"
    r"unsupported \w|not implemented|missing (?:required |argument|parameter|field)|no such (?:file|tool|function|command|table|column|host|element)|"
    r"(?:could not|couldn't|cannot|can't|unable to|failed to|failure to) (?:parse|read|write|open|find|locate|load|connect|reach|resolve|access|create|delete|fetch|decode|acquire|"
    r"execute|run|start|save|send|complete|process|determine|establish|authenticate|be reached)\b|\w{3,30} failed: |rate limit(?:ed| exceeded| reached)|too many requests\b|quota exceeded)",
    re.IGNORECASE,
)
# A page that was served in place of the one asked for.
PAGE = re.compile(r"<title>\s*(?:error )?[45]\d\d\b", re.IGNORECASE)
# A page that holds nothing else. A longer text may be about such pages.
WALL = re.compile(r"\bverify (?:that )?you are (?:a )?human\b", re.IGNORECASE)
OPENS_WITH_ERRNO = re.compile(rf"\s*[\"'\[(]*{ERRNO}\b")
KEYS = ("error", "errors", "exception", "error_message", "errorMessage", "fehler", "erreur", "erro")
# Of a thing that was looked up they say how it went with that; of a result of few fields, how it went with the call.
OF_A_THING = frozenset(["error_message", "errorMessage"])
# Fields that only failures have, in the dialects of databases, drivers of browsers and business software.
DIALECTS = (
    "errorCode", "errcode", "errmsg", "errno", "sqlState", "sqlstate", "sqlMessage", "stacktrace", "stackTrace", "stack_trace", "traceback", "debug_id",
)  # fmt: skip
PROCESS_ENDED = re.compile(r"SIG[A-Z]{3,6}\d?")  # the signal that did
FEW = 4  # fields of a JSON object
# Read off the beginning where the result is not whole JSON.
FIELD = re.compile(
    r"\s*\{\s*\"(?:error|errors(?!\"\s*:\s*\d)|exception|error_message|errorMessage)\"\s*:(?!\s*(?:null|\"\"|\[\s*\]|\{\s*\}|false|0\b))"
)
FAILED = frozenset(["error", "failed", "failure", "exception", "timeout", "timed_out", "timed out", "unavailable", "crashed", "aborted"])  # fmt: skip
# What a tool answers that was asked to do something and did not.
DECLINED = frozenset(["rejected", "declined", "denied", "refused", "invalid", "not_done", "not done", "unchanged", "skipped"])  # fmt: skip
WAITING = frozenset(
    ["queued", "processing", "pending", "running", "in_progress", "in progress", "in-progress", "waiting", "syncing", "started", "uploading"]
)  # fmt: skip
FLAGS = ("isError", "is_error", "iserror", "timed_out", "timedOut")
STATES = ("status", "state", "result", "type", "outcome", "phase")
CODES = (
    "status",
    "status_code",
    "statusCode",
    "http_status",
    "httpStatus",
    "code",
    "http_code",
    "httpCode",
    "codigo",
    "código",
)
EXITS = (
    "exit_code",
    "exitCode",
    "exit_status",
    "exitStatus",
    "returncode",
    "return_code",
    "returnCode",
    "exit",
)
# What stands around the answer proper.
WRAPPERS = ("result", "response", "value", "data", "body", "output", "content", "structuredContent", "meta", "metadata", "payload", "structured_content")  # fmt: skip
TEXTS = ("stderr", "text", "message", "output", "stdout", "content", "result", "detail")
REASONS = ("reason", "reasons", "options", "alternatives", "suggestions")
# Fields that say, when false, that the work was not done.
NOT_DONE = (
    "success",
    "ok",
    "succeeded",
    "booked",
    "sent",
    "started",
    "saved",
    "created",
    "updated",
    "done",
    "cancelled",
    "confirmed",
    "completed",
    "applied",
)
DEPTH = 4
PARSED = 50_000  # characters
READ = 20_000
OPENING = 300
PAGE_OPENS = 1000
# With these a result says when the work ends, as a timer's does.
ENDS = frozenset(
    ["ends_in", "ends_at", "remaining", "remaining_seconds", "seconds_left", "time_left", "rings_at"]
)
TICKET = 250  # a result that tells of work and of nothing else
SHORT = 300  # a result that is nothing but a message
SURE, LIKELY, WORDS = 1.0, 0.8, 0.7

EXIT = re.compile(
    r"\b(?:exit(?:ed)?(?: with)?(?: non-?zero)?(?: exit)?[ _]?(?:code|status)?|return(?:ed)?(?: with)?[ _]?code|(?:finished|terminated|failed) with (?:exit )?(?:code|status))"
    r"[ \"'=:)(]{0,4}(-?\d{1,5})\b(?!\) [^\n]{0,24}\bago\b)",
    re.IGNORECASE,
)
HTTP = re.compile(
    r"\b(?:HTTP(?:/\d(?:\.\d)?)?(?: error| status)?(?: code)?|status(?: ?code)?|response(?: code)?)[ :=]{1,3}([45]\d\d)\b(?! (?:codes?|pages?)\b)|"
    r"^\W{0,3}([45]\d\d)[ :-]{1,3}(?:bad|unauthori|forbidden|not found|method|conflict|gone|too many|internal|bad gateway|service|gateway|client|server)",
    re.IGNORECASE,
)
# Left behind by a program that ended badly; at the beginning of a line where that matters.
BROKEN = re.compile(
    r"Traceback \(most recent call last\)|^\s*(?:[\w.]+(?:Error|Exception)): \S|^\s+at \S.{0,200}:\d+:\d+\)?$|\bpanicked at\b|^panic: |^goroutine \d+ \[running\]|"
    r"^Exception in thread|^Caused by: |\bUnhandled(?:PromiseRejection|Exception)|^npm (?:ERR!|error)|^fatal: |^error(?:\[E\d+\]|: | TS\d+)|\bcommand not found\b|: Permission denied\b|"
    r": No such file or directory\b|\b[Ss]egmentation fault\b|^Killed$|^(?:=+ .{0,80})?\b[1-9]\d* failed\b|^FAILED \(|^test result: FAILED|^\s*--- FAIL: |^FAIL\b|^BUILD FAILED|"
    r"^Tests:\s+[1-9]\d* failed|^make: \*\*\* |^ERROR: |^E   \S|^\S{1,200}?:\d+(?::\d+)?: (?:fatal )?error: |^[│ ]{0,4}Error: (?!0\b|none\b)\S|"
    r"^\s*\+ CategoryInfo\s*:|\bis not recognized as (?:an internal or external command|(?:the|a) name of a cmdlet)|^CONFLICT \(|^Automatic merge failed|"
    r"^Cannot connect to |^\S{1,200}:\d+:in [`']|(?:^|: )error [A-Z]{2,4}\d{3,5}: |^Build FAILED|^E: (?:Could|Unable|Failed|Package|Version|Unmet|Sub-process)\b|^ ! \[(?:remote )?rejected\]|^ORA-\d{5}: |^Msg \d+, Level 1[1-9]|"
    r"\bundefined reference to\b|\bld returned [1-9]|^curl: \(\d+\)|\bnet::ERR_[A-Z]|\bHRESULT\b\W{0,12}0x8[0-9A-Fa-f]{7}\b|^Response: Error\b|^\w{1,8} (?:NO|BAD) \[|^[45]\d\d[ -][45]\.\d{1,3}\.\d{1,3} |"
    r"KafkaError\{|^License checkout failed\b|^No replacement was performed\b|^String to replace not found\b|<(?:\w{1,20}:)?Fault>",
    re.MULTILINE,
)
# No answer came, or nobody was reached.
TIMED_OUT = re.compile(
    rf"\b(?:{ERRNO}|ENOTFOUND|(?i:timed[ -]?out|time[ -]?out|deadline exceeded|connection (?:refused|reset)|took too long|could not resolve host|"
    r"name or service not known|temporary failure in name resolution|certificate_verify_failed|certificate has expired))\b"
)
# What comes after a first attempt that failed.
RECOVERED = re.compile(
    r"\b(?:succeeded|successful(?:ly)?|success|recovered|reconnected|deployed|completed)\b", re.IGNORECASE
)
# Letters before it on a line that says nothing but the exit code: "Process exited with code 1".
BEFORE_EXIT = 8
# Rows of a table: what they speak of was asked for.
TABLE = re.compile(r"\s*[^\n|]{1,60}(?: \| [^\n|]{1,60}){1,12}\s*\n(?:[-+=| ]{3,}\n)?[^\n|]{0,200} \| ")
NONE_OF_IT = re.compile(r"\b(?:no|0|zero|without|never|not|nothing|none)\b", re.IGNORECASE)
# Tools, and commands of a shell, whose result is what somebody else wrote.
READS = re.compile(
    r"(?:^|[^a-z])(?:read|grep|search|find|log|logs|view|open|cat|list|lookup|fetch|query|history|docs?|get|rg|glob|diff|show)(?:[^a-z]|$)",
    re.IGNORECASE,
)
READING_COMMAND = re.compile(
    r"^\W*(?:\"?\w+\"?\s*:\s*\"?)?(?:sudo )?(?:cat|grep|egrep|rg|ag|tail|head|less|sed -n|awk|journalctl|git (?:log|show|diff|blame|grep)|kubectl logs|docker logs|find|ls|echo)\b"
)


# What reads others' words: a tool by its name, or a command of a shell.
Reading = Literal["", "tool", "command"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A result that tells of a failure: how sure, and its words at [start:end] of the span's output ([0:0]: only a field told it)."""

    score: float
    start: int = 0
    end: int = 0


def failure_in(span: SpanFacts) -> Failure | None:
    """What the result itself says, whatever the span's status."""
    output = span.output[:READ]
    if not output.strip() or TABLE.match(output):
        return None
    value = _parsed(span.output)
    if isinstance(value, dict | list):
        score = _of_json(value, reads=_reads_others(span), depth=0)
        return Failure(score) if score else None
    if isinstance(value, str):
        return Failure(LIKELY) if _of_text(value, reads=_reads_others(span)) else None
    if output.lstrip()[:1] == "{" and FIELD.match(output):
        return Failure(LIKELY)
    return _of_text(output, reads=_reads_others(span))


def says_no(span: SpanFacts) -> bool:
    """The result says that what was asked was not done, with or without a reason: `{"ok": false}`, `{"booked": false, ...}`,
    `{"status": "rejected"}`."""
    value = _parsed(span.output)
    return isinstance(value, dict) and (
        any(value.get(key) is False for key in NOT_DONE)
        or any(str(value.get(key)).strip().lower() in DECLINED for key in STATES)
    )


def found_nothing(span: SpanFacts) -> bool:
    """The result is an empty list, or an object whose lists are all empty: `{"shops": [], "radius_miles": 10}`."""
    if "[" not in span.output[:PARSED] and "{" not in span.output[:PARSED]:
        return False
    value = _parsed(span.output)
    if isinstance(value, dict):
        inner = [part for part in value.values() if isinstance(part, list | dict)]
        return not value or (bool(inner) and not any(inner))
    return isinstance(value, list) and not value


def is_waiting(span: SpanFacts) -> bool:
    """The result says that the work has begun or stands in a queue, and nothing of an end. A longer result describes a thing, such as
    an order that is "pending"; so does one that lists parts, such as the order's items."""
    if len(span.output) > TICKET:
        return False
    value = _parsed(span.output)
    return (
        isinstance(value, dict)
        and not _lists_parts(value)
        and not (ENDS & value.keys())
        and _waits(value, depth=0)
    )


def _lists_parts(value: dict[str, Any]) -> bool:
    return any(
        isinstance(part, list) and any(isinstance(one, dict) for one in part) for part in value.values()
    )


def _parsed(output: str) -> Any:
    text = output.strip()
    if text[:1] not in '{["' or len(text) > PARSED:
        return None
    try:
        value = orjson.loads(text)
        # JSON text of JSON text.
        return orjson.loads(value) if isinstance(value, str) and value.strip()[:1] in ("{", "[") else value
    except ValueError:
        return None


def _of_json(value: Any, *, reads: Reading, depth: int) -> float:
    """How surely the object says that its tool failed, 0 to 1."""
    if isinstance(value, list):
        # MCP's content, or one answer in a list; a longer list holds what was found.
        return _of_json(value[0], reads=reads, depth=depth + 1) if len(value) == 1 and depth < DEPTH else 0.0
    if not isinstance(value, dict):
        return 0.0
    exits = [value[key] for key in EXITS if _is_int(value.get(key))]
    if exits:
        return SURE if exits[0] not in ((0, 1) if reads else (0,)) else 0.0
    if isinstance(value.get("signal"), str) and PROCESS_ENDED.fullmatch(value["signal"]):
        return SURE
    keys = [key for key in KEYS if not (reads and key in OF_A_THING and len(value) > FEW)]
    if any(value.get(key) is True for key in FLAGS) or any(_says(key, value.get(key)) for key in keys):
        return LIKELY
    if not reads and (any(_says(key, value.get(key)) for key in DIALECTS) or _is_invalid(value)):
        return LIKELY
    if any(value.get(key) is False for key in ("success", "ok", "succeeded", "acknowledged")):
        # A "no" with its reason is the tool's answer, not its failure.
        return 0.0 if any(value.get(key) for key in REASONS) else LIKELY
    if any(_is_code(value.get(key)) for key in CODES):
        return LIKELY
    if any(
        str(value.get(key)).strip().lower() in FAILED for key in STATES if isinstance(value.get(key), str)
    ):
        return LIKELY
    for key in TEXTS:
        text = value.get(key)
        if (
            isinstance(text, str)
            and (key == "stderr" or len(value) <= 3)
            and _of_text(text[:READ], reads=reads)
        ):
            return WORDS
    if depth < DEPTH:
        return max(
            (_of_json(value[key], reads=reads, depth=depth + 1) for key in WRAPPERS if key in value),
            default=0.0,
        )
    return 0.0


def _of_text(text: str, *, reads: Reading) -> Failure | None:
    exits = [found for found in EXIT.finditer(text) if reads != "tool" or _stands_alone(text, found)]
    if exits:
        last = exits[-1]
        # grep, diff and their like exit with 1 when they found nothing, or a difference.
        if int(last[1]) == 0 or (reads and int(last[1]) == 1):
            return None
        worst = None if reads else BROKEN.search(text)
        return Failure(SURE, *_line(text, worst.start() if worst else last.start()))
    if (opens := OPENS.match(text) or OPENS_WITH_ERRNO.match(text)) and reads != "command":
        return Failure(LIKELY, *_line(text, opens.end() - 1))
    if (http := HTTP.search(text[:OPENING])) and not (reads and "\n" in text[: http.start()].lstrip()):
        return Failure(LIKELY, *_line(text, http.start()))
    if not reads and (broken := BROKEN.search(text)):
        return Failure(WORDS, *_line(text, broken.start()))
    if not reads and len(text) <= SHORT and (own := SAYS.match(text)):
        return Failure(WORDS, *_line(text, own.end() - 1))
    if page := PAGE.search(text[:PAGE_OPENS]) or (WALL.search(text) if len(text) <= PAGE_OPENS else None):
        return Failure(WORDS, *_line(text, page.start()))
    # What a tool that reads found has lines; its own message has one.
    late = TIMED_OUT.search(text) if len(text) <= SHORT and not (reads and "\n" in text.strip()) else None
    if (
        late
        and not NONE_OF_IT.search(text[max(0, late.start() - 12) : late.start()])
        and not RECOVERED.search(text, late.end())
    ):
        return Failure(WORDS, *_line(text, late.start()))
    return None


def _stands_alone(text: str, found: re.Match[str]) -> bool:
    """The line tells of the exit code and of nothing else, as a harness writes it below what a tool found."""
    start, end = text.rfind("\n", 0, found.start()) + 1, text.find("\n", found.end())
    before, after = text[start : found.start()], text[found.end() : end if end >= 0 else len(text)]
    return sum(map(str.isalpha, before)) <= BEFORE_EXIT and not any(map(str.isalpha, after))


def _waits(value: dict[str, Any], *, depth: int) -> bool:
    states = [str(value[key]).strip().lower() for key in STATES if isinstance(value.get(key), str)]
    if states:
        return any(state in WAITING for state in states)
    inner = [value[key] for key in WRAPPERS if isinstance(value.get(key), dict)]
    return depth < DEPTH and any(_waits(part, depth=depth + 1) for part in inner)


def _reads_others(span: SpanFacts) -> Reading:
    if READING_COMMAND.search(span.input[:200].lstrip("{ ")):
        return "command"
    return "tool" if READS.search(_parts(span.name)) else ""


def _parts(name: str) -> str:
    """readFile, read_file and read-file: "read file"."""
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name[:200]))


def _line(text: str, at: int) -> tuple[int, int]:
    """The line in which text[at] stands, without white space at its ends, of 200 characters at most."""
    start = text.rfind("\n", 0, at) + 1
    start += len(text[start:]) - len(text[start:].lstrip())
    end = text.find("\n", start)
    end = min(len(text) if end < 0 else end, start + 200)
    return start, start + len(text[start:end].rstrip())


def _is_invalid(value: dict[str, Any]) -> bool:
    """What a service answers to arguments that it does not take: a list of places and reasons."""
    detail = value.get("detail")
    return isinstance(detail, list) and any(
        isinstance(one, dict) and "loc" in one and "msg" in one for one in detail
    )


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_code(value: Any) -> bool:
    """An HTTP status that is an error's."""
    if isinstance(value, str):
        value = int(value[:3]) if re.match(r"[45]\d\d(?:\D|$)", value) else 0
    return _is_int(value) and 400 <= value <= 599


def _says(key: str, value: Any) -> bool:
    """An `error` that is one: not null, empty, false, or "none". A number of `errors` counts what the call was asked about."""
    if key == "errors" and (_is_int(value) or isinstance(value, float)):
        return False
    return bool(value) and not (
        isinstance(value, str) and value.strip().lower() in ("none", "null", "no", "false", "0", "ok")
    )
