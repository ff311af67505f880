"""Paths under /accounts/oidc/, as the realm file knows them."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
