"""Settings › Redaction: which kinds are hidden, the project's own patterns, and a box to try them in."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ingest.models import Project, RedactionSettings
from ingest.models.projects import Role
from ingest.projects.access import ProjectRequest, project_page
from ingest.redaction import KINDS, MAX_PATTERNS, Finding, Redactor, check_patterns, token_of
from ingest.redaction.settings import DEFAULT_REGIONS, kinds_on, redactor_for, save_redaction

MAX_TRIED = 20_000  # characters of text in the box
EXAMPLE = (
    "Hi, I'm Dana Whitfield. Refund my card 4111 1111 1111 1111 or IBAN GB29 NWBK 6016 1331 9268 19.\n"
    "Mail dana@example.com or call (415) 555-2671. My password is hunter2, api_key=sk-ant-api03-Zm9vYmFyMTIzNDU2.\n"
    "Order W2378156 of 2024-05-15 stays, and so do max_tokens: 4096 and flight HAT136."
)


@require_http_methods(["GET", "POST"])
@project_page()
def redaction(request: ProjectRequest, project: Project) -> HttpResponse:
    """The page; a POST saves, and answers with the page again when a pattern is wrong."""
    if request.method != "POST":
        return _page(request, project, RedactionSettings.objects.filter(project=project).first())
    return _save(request, project.slug)


@require_POST
@project_page(Role.ADMIN)
def _save(request: ProjectRequest, project: Project) -> HttpResponse:
    kinds = set(request.POST.getlist("kinds"))
    patterns = _patterns(request)
    regions = _regions(request)
    wrong: dict[str, Any] = {"patterns": check_patterns(patterns)}
    if not wrong["patterns"]:
        try:
            save_redaction(
                project=project, kinds=kinds, patterns=patterns, regions=regions or DEFAULT_REGIONS
            )
        except ValueError as error:
            wrong["regions"] = str(error)
        else:
            messages.success(
                request, "Saved. It holds for what arrives from now on; what is stored stays as it is."
            )
            return redirect("redaction", project.slug)
    unsaved = RedactionSettings(
        project=project, switches={name: name in kinds for name in KINDS}, patterns=patterns, regions=regions
    )
    return _page(request, project, unsaved, wrong=wrong, status=422)


@require_POST
@never_cache
@project_page()
def try_redaction(request: ProjectRequest, project: Project) -> HttpResponse:
    """The partial that shows what would be hidden in `text` with the switches as they stand in an admin's form, for others
    with those that hold. Keeps nothing."""
    text = request.POST.get("text", "")[:MAX_TRIED]
    if request.role == Role.ADMIN:
        patterns = _patterns(request)
        wrong = check_patterns(patterns)
        usable = [pattern for index, pattern in enumerate(patterns) if index not in wrong]
        redactor = Redactor(
            set(request.POST.getlist("kinds")) & KINDS.keys(), usable, regions=_regions(request)
        )
    else:  # whose form cannot be changed, and so is not sent
        redactor = redactor_for(project)
    findings = redactor.find(text)
    context = {"pieces": _pieces(text, findings), "redacted": redactor.text(text), "findings": len(findings)}
    return render(request, "ingest/_redaction_tried.html", context)


def _page(
    request: ProjectRequest,
    project: Project,
    settings: RedactionSettings | None,
    *,
    wrong: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    on = kinds_on(settings)
    patterns = list(settings.patterns) if settings else []
    bad = (wrong or {}).get("patterns", {})
    rows = [(pattern, bad.get(index, "")) for index, pattern in enumerate(patterns)]
    regions = (settings.regions if settings else None) or DEFAULT_REGIONS
    usable = [pattern for index, pattern in enumerate(patterns) if index not in bad]
    redactor = Redactor(on, usable, regions=regions)
    context = {
        "kinds": [(kind, kind.name in on) for kind in KINDS.values()],
        "shown_kinds": [kind for kind in KINDS.values() if kind.name not in on],
        "rows": rows + [("", "")] * max(0, min(2, MAX_PATTERNS - len(rows))),
        "regions": " ".join(regions),
        "regions_error": (wrong or {}).get("regions", ""),
        "may_change": request.role == Role.ADMIN,
        "example": EXAMPLE,
        "pieces": _pieces(EXAMPLE, redactor.find(EXAMPLE)),
        "redacted": redactor.text(EXAMPLE),
        "findings": len(redactor.find(EXAMPLE)),
        "max_patterns": MAX_PATTERNS,
        "max_tried": MAX_TRIED,
    }
    return render(request, "ingest/redaction.html", context, status=status)


def _patterns(request: ProjectRequest) -> list[str]:
    return [pattern.strip() for pattern in request.POST.getlist("patterns") if pattern.strip()][
        : 5 * MAX_PATTERNS
    ]


def _regions(request: ProjectRequest) -> list[str]:
    return request.POST.get("regions", "").upper().replace(",", " ").split()[:20]


def _pieces(text: str, findings: list[Finding]) -> list[dict[str, str]]:
    """The text in pieces, each with the label and token of its kind when it would be hidden."""
    pieces = []
    position = 0
    for finding in findings:
        pieces.append({"text": text[position : finding.start]})
        label = KINDS[finding.kind].label if finding.kind in KINDS else "Own pattern"
        pieces.append(
            {"text": text[finding.start : finding.end], "label": label, "token": token_of(finding.kind)}
        )
        position = finding.end
    pieces.append({"text": text[position:]})
    return [piece for piece in pieces if piece["text"]]
