"""Every URL, from the rooms that answer them."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path, register_converter
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request

from ingest.http.otlp import traces as write_traces
from ingest.pages.navigation import home
from raindrop.server import health
from raindrop.web.app_ids import AppIdConverter, TextConverter
from raindrop.web.regions import live
from signals.read_api.traces import traces as read_traces


@csrf_exempt
def traces(request: HttpRequest) -> HttpResponseBase:
    """/v1/traces is two things: POST stores (OTLP), GET reads an event's spans."""
    return read_traces(request) if request.method in {"GET", "HEAD"} else write_traces(request)


def favicon(request: HttpRequest) -> HttpResponseBase:
    """Browsers ask for it on pages that name no icon: the admin's, the API's documentation."""
    return redirect(static("icon.svg"))


class ApiDocs(SpectacularSwaggerSplitView):
    """Its script is a request of its own, as the content security policy wants. DRF has nothing to render OPTIONS with here."""

    template_name = "api_docs.html"

    def options(self, request: Request, *arguments: object, **options: object) -> HttpResponse:  # type: ignore[override]  # DRF's gives its own Response
        return HttpResponse(status=204, headers={"Allow": "GET, HEAD, OPTIONS"})


register_converter(AppIdConverter, "app_id")
register_converter(TextConverter, "text")

urlpatterns = [
    path("", home, name="home"),
    path("favicon.ico", favicon),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("live/", live, name="live"),
    path("v1/traces", traces),
    path("", include("ingest.http.urls")),  # /v1/... and its aliases: the write path
    path("", include("signals.read_api.urls")),  # /v1/...: the read path
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs/", ApiDocs.as_view(url_name="api-schema"), name="api-docs"),
    path("api/", include("raindrop.api.urls")),
    path("accounts/", include("ingest.pages.account_urls")),
    path("p/<slug:slug>/", include("ingest.pages.urls")),
    path("p/<slug:slug>/", include("signals.pages.urls")),
    path("p/<slug:slug>/", include("labeling.pages.urls")),  # before issues: its pages lie under an issue's
    path("p/<slug:slug>/", include("issues.pages.urls")),
    path("p/<slug:slug>/", include("signals.pages.events.urls")),  # last: an event's id may be any text
    path("admin/", admin.site.urls),
]

handler404 = "raindrop.errors.not_found"
handler500 = "raindrop.errors.server_error"

admin.site.site_header = admin.site.site_title = "raindrop admin"
admin.site.enable_nav_sidebar = False  # its room is the lists': their columns fit into 1,280 px
