"""What belongs to a person rather than to a project: logging in, the password, making a project."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache

from ingest.models import User
from ingest.pages.forms import NewProjectForm, NewUserForm
from ingest.projects.access import current_user, role_in
from ingest.projects.first_user import NotTheFirst, create_first_user
from ingest.projects.invitations import accept, find_invitation
from ingest.projects.members import MemberError
from ingest.projects.projects import create_project
from raindrop.server.setup_token import forget_setup_token, is_setup_token

BACKEND = (
    "django.contrib.auth.backends.ModelBackend"  # Axes' is the other one, and only counts wrong passwords
)


class LoginView(auth_views.LoginView):
    redirect_authenticated_user = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**context) | {"has_users": User.objects.exists()}


def locked_out(request: HttpRequest, *arguments: Any, **options: Any) -> HttpResponse:
    """The answer of both login pages to an account that had too many wrong passwords from this address (django-axes)."""
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    page = render(request, "errors/429.html", {"minutes": minutes}, status=429)
    page["Retry-After"] = str(60 * minutes)
    return page


class PasswordChangeView(auth_views.PasswordChangeView):
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, "Your password is changed.")
        return response


def first_user(request: HttpRequest, token: str) -> HttpResponse:
    """Makes the server's first user, for whoever has the address that `manage.py up` printed. With a user there is nothing to be made."""
    if User.objects.exists():
        return redirect("login")
    if not is_setup_token(token):
        raise Http404("This is not the address that the server printed when it started.")
    form = NewUserForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            user = create_first_user(
                username=form.cleaned_data["username"], password=form.cleaned_data["password1"]
            )
        except NotTheFirst:
            return redirect("login")
        forget_setup_token()
        login(request, user, backend=BACKEND)
        return redirect("project-new")
    page = render(request, "ingest/first_user.html", {"form": form}, status=400 if form.errors else 200)
    page["Referrer-Policy"] = "no-referrer"  # the address is a secret
    return page


@never_cache
def invited(request: HttpRequest, token: str) -> HttpResponse:
    """Makes whoever opens an invitation's address a member of its project: who is logged in as that user, everybody else as a new one."""
    invitation = find_invitation(token)
    if invitation is None:
        raise Http404(
            "This invitation is used, withdrawn or too old, or its address is not whole. Ask for another one."
        )
    project, is_known = invitation.project, request.user.is_authenticated
    if is_known and role_in(user=request.user, project=project):
        messages.info(request, f"You are a member of {project} already; the invitation is still open.")
        return redirect("overview", project.slug)
    form = None if is_known else NewUserForm(request.POST or None)
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            if form is None:
                accept(token, user=current_user(request))
            else:
                fields = form.cleaned_data
                membership = accept(token, username=fields["username"], password=fields["password1"])
                login(request, membership.user, backend=BACKEND)
        except MemberError as error:
            messages.error(request, str(error))
            return redirect("home")
        messages.success(
            request, f"You are a member of {project}, as {invitation.get_role_display().lower()}."
        )
        return redirect("overview", project.slug)
    context = {"invitation": invitation, "form": form}
    page = render(request, "ingest/invited.html", context, status=400 if form and form.errors else 200)
    page["Referrer-Policy"] = "no-referrer"  # the address is a secret
    return page


@login_required
def project_new(request: HttpRequest) -> HttpResponse:
    """The server's owners make projects; everyone else is added to one."""
    if not request.user.is_superuser:
        raise PermissionDenied("Only a superuser of this server makes projects.")
    form = NewProjectForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        project = create_project(**form.cleaned_data, owner=request.user)
        messages.success(request, "The project is made. Create a write key to send it events.")
        return redirect("settings", project.slug)
    return render(request, "ingest/project_new.html", {"form": form}, status=400 if form.errors else 200)
