"""Paths under /accounts/, as the realm file knows them; names as allauth reverses them."""

from django.urls import path

from apps.identity.adapters import views

urlpatterns = [
    path("oidc/<str:provider_id>/login/", views.login, name="openid_connect_login"),
    path("oidc/<str:provider_id>/login/callback/", views.callback, name="openid_connect_callback"),
]
