from django.contrib.auth import views as auth_views
from django.urls import path

from ingest.pages import accounts as account_pages

urlpatterns = [
    path("login/", account_pages.LoginView.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", account_pages.PasswordChangeView.as_view(), name="password_change"),
    path("first/<str:token>/", account_pages.first_user, name="first-user"),
    path("invited/<str:token>/", account_pages.invited, name="invited"),
    path("projects/new/", account_pages.project_new, name="project-new"),
]
