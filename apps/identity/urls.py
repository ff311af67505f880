"""Pages of identity."""

from django.urls import include, path

from apps.identity.views import profile, sessions, sign_on

urlpatterns = [
    path("sign-in/", sign_on.sign_in, name="sign-in"),
    path("sign-in/demo/", sign_on.demo_sign_in, name="demo-sign-in"),
    path("sign-out/", sign_on.sign_out, name="sign-out"),
    path("oidc/backchannel-logout/", sign_on.backchannel_logout, name="backchannel-logout"),
    path("oidc/signed-out/", sign_on.signed_out, name="signed-out"),
    path("profile/", profile.profile, name="profile"),
    path("profile/sessions/", sessions.sessions, name="sessions"),
    path("profile/sessions/end/", sessions.end, name="session-end"),
    path("profile/quick/", profile.quick, name="profile-quick"),
    path("accounts/", include("apps.identity.adapters.urls")),
]
