from django.contrib.auth import views as auth_views
from django.urls import path

from ingest import views_account

urlpatterns = [
    path("login/", views_account.LoginView.as_view(), name="login"),
    path("logout/", auth_views.LogoutView.as_view(), name="logout"),
    path("password/", views_account.PasswordChangeView.as_view(), name="password_change"),
    path("projects/new/", views_account.project_new, name="project-new"),
]
