"""Forms of the rights pages: they parse; what is allowed is the services' business."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from apps.core.clock import company_zone


class CellForm(forms.Form):
    """One press on a cell: `cell` = "role|resource|scope|kind|name|level"."""

    cell = forms.CharField(max_length=300)

    def clean_cell(self) -> dict[str, str]:
        parts = self.cleaned_data["cell"].split("|")
        if len(parts) != 6:
            raise forms.ValidationError(_("This cell is not known. Reload the page."))
        return dict(zip(("role", "resource", "scope", "kind", "name", "level"), parts, strict=True))


class AssignForm(forms.Form):
    """`whom` = "person:<id>" or "unit:<id>"; `until`: last day, in the company's zone."""

    role = forms.CharField(max_length=64)
    whom = forms.RegexField(r"^(person|unit):[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    until = forms.DateField(required=False)

    def receiver(self) -> dict[str, Any]:
        """Keyword arguments for assign_role."""
        kind, _colon, ident = self.cleaned_data["whom"].partition(":")
        until = self.cleaned_data["until"]
        end = dt.datetime.combine(until + dt.timedelta(days=1), dt.time(), company_zone()) if until else None
        return {"person_id" if kind == "person" else "org_unit_id": uuid.UUID(ident), "valid_to": end}
