from django.urls import path

from apps.realtime import views

urlpatterns = [path("events/", views.events, name="live-events")]
