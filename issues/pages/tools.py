"""Tools and issues: the issues where a tool fails, the tools that fail in an issue and what they say, and the first words of an issue of a tool."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render

from ingest.counts.period import Period
from ingest.models import Project
from ingest.projects.access import ProjectRequest, project_page
from issues.access import get_issue
from issues.models import Issue, IssueMatch
from issues.models.issues import State
from signals.tools.calls import Call, ErrorTemplate, calls_of_events, error_templates, read_calls
from signals.tools.releases import Change, by_release, change_since, last_release

NEWEST = 1000  # events of a tool or of an issue that are read
ISSUES_SHOWN = 8
TOOLS_SHOWN = 3
MESSAGES_SHOWN = 3
TITLE = 120  # characters


@dataclass(frozen=True, slots=True)
class FailingTool:
    """In `conversations` of the issue the tool failed. `templates`: what it said there, the most frequent first. `change`: how often it fails
    in all conversations since the project's last release, as its own page says it."""

    name: str
    calls: int
    conversations: int
    templates: Sequence[ErrorTemplate]
    change: Change | None


@project_page()
def tool_issues(request: ProjectRequest, project: Project, name: str) -> HttpResponse:
    """A fragment for a tool's page: the issues of the newest events in which it failed."""
    period = Period.named(request.GET.get("period", ""))
    calls = read_calls(project.pk, start=period.start, end=period.until)
    failed = list(dict.fromkeys(call.event for call in reversed(calls) if call.failed and call.name == name))
    standing = IssueMatch.objects.filter(project=project, event__in=failed[:NEWEST])
    rows = standing.exclude(issue__state=State.MERGED).values("issue")
    counts = dict(rows.annotate(n=Count("id")).values_list("issue", "n"))
    found = sorted(Issue.objects.filter(pk__in=counts), key=lambda issue: (-counts[issue.pk], issue.number))
    context = {"found": [(issue, counts[issue.pk]) for issue in found[:ISSUES_SHOWN]]}
    return render(request, "issues/_tool_issues.html", context)


@project_page()
def failing_tools(request: ProjectRequest, project: Project, number: int) -> HttpResponse:
    """A fragment for an issue's page: the tools that fail in it, with what they say. Nothing where none does."""
    issue = get_issue(project, number)
    period = Period.named(request.GET.get("period", ""))
    context = {"tools": tools_of_issue(issue, period), "period": period.key, "most": NEWEST}
    return render(request, "issues/_failing_tools.html", context)


def tools_of_issue(issue: Issue, period: Period) -> list[FailingTool]:
    """Of the events of its NEWEST newest matches, those that failed in most conversations first. `period`: in which releases are compared."""
    newest = IssueMatch.objects.filter(issue=issue).order_by("-timestamp", "-id")
    events = list(newest.values_list("event_id", flat=True)[:NEWEST])
    by_name: dict[str, list[Call]] = defaultdict(list)
    for call in calls_of_events(issue.project_id, events):
        if call.failed:
            by_name[call.name].append(call)
    talks = {name: len({call.talk for call in calls}) for name, calls in by_name.items()}
    names = sorted(by_name, key=lambda name: (-talks[name], -len(by_name[name]), name))[:TOOLS_SHOWN]
    changes = changes_of(issue.project, names, period) if names else {}
    return [
        FailingTool(
            name,
            len(by_name[name]),
            talks[name],
            error_templates(issue.project_id, by_name[name])[:MESSAGES_SHOWN],
            changes.get(name),
        )
        for name in names
    ]


def changes_of(project: Project, names: Sequence[str], period: Period) -> dict[str, Change | None]:
    """By tool what the project's last release changed, as its own page reckons it; missing where nothing can be compared."""
    everything = read_calls(project.pk, start=period.start, end=period.until)
    last = last_release(everything)
    if not last:
        return {}
    tools = len({call.name for call in everything})
    return {
        name: change_since(last, by_release([call for call in everything if call.name == name]), tools=tools)
        for name in names
    }


def first_words(project: Project, name: str, period: Period) -> dict[str, str]:
    """The title and the description of an issue of a tool that fails: what it says most, and since which release. Empty of a tool that did not
    fail in the period."""
    everything = read_calls(project.pk, start=period.start, end=period.until)
    calls = [call for call in everything if call.name == name]
    templates = error_templates(project.pk, calls)
    if not templates:
        return {}
    spoken = [one for one in templates if one.template]
    title = f"{name} fails: {spoken[0].template}" if spoken else f"{name} fails"
    lines = [f"A call of {name} fails."]
    if spoken:
        lines.append("It says:")
        lines += [f"- {one.template} ({one.count:,}×)" for one in spoken[:MESSAGES_SHOWN]]
    if (change := changes_of(project, [name], period).get(name)) and change.tone:
        more = "more" if change.tone == "worse" else "less"
        lines.append(
            f"It fails {more} since {change.release}: {change.before:.1%} of its calls before, {change.rate:.1%} since."
        )
    return {"title": title[:TITLE], "description": "\n".join(lines)}
