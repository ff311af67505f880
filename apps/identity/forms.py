"""Forms of identity."""

from __future__ import annotations

from django import forms


class ProfileForm(forms.Form):
    """What the profile page posts; which values are allowed is the service's business."""

    language = forms.CharField(required=False)
    theme = forms.CharField()
    density = forms.CharField()
    time_zone = forms.CharField(required=False)
    single_key_shortcuts = forms.BooleanField(required=False)
