"""Browsers that ring: taken on, let go by their person, and gone with the session that asked for them."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.audit import services as audit
from apps.core.crypto import encrypt
from apps.core.errors import InvalidInput, NotFound
from apps.notifications.channels import webpush_crypto as crypto
from apps.notifications.channels.web_push import is_allowed
from apps.notifications.models import Device

MOST = 10  # a person's devices; the oldest goes


def take_on(*, person: Any, endpoint: str, p256dh: str, auth: str, label: str, session: str, now: dt.datetime) -> Device:
    """Let this browser ring for this person; whoever it rang for before, it does not any more. Raises InvalidInput.

    `session`: digest of the portal session (`identity.services.digest_of`): the device goes when that ends.
    """
    problems = _problems(endpoint, p256dh, auth)
    if problems:
        raise InvalidInput(_("This browser cannot be used for pushes here."), details={"fields": problems})
    with transaction.atomic():
        Device.objects.filter(endpoint=endpoint).delete()
        device = Device(person_id=person.pk, endpoint=endpoint, label=label.strip()[:120] or _("A browser"), session=session, created_at=now)
        device.keys = encrypt(json.dumps({"p256dh": p256dh, "auth": auth}), f"notifications.device:{device.pk}")
        device.save(force_insert=True)
        for extra in Device.objects.filter(person_id=person.pk).order_by("-created_at", "pk")[MOST:]:
            extra.delete()
        _record(person, "taken_on", device, now)
    return device


def here(*, person: Any, endpoint: str, session: str, now: dt.datetime) -> bool:
    """This browser is used by this person in this session: it goes with this one from now on, and rings for nobody else. False: it does not ring for
    this person; then the browser gives its subscription back."""
    with transaction.atomic():
        found = list(Device.objects.select_for_update(of=("self",)).select_related("person").filter(endpoint=endpoint))
        for device in found:
            if device.person_id != person.pk:
                _record(device.person, "used_by_another", device, now)
                device.delete()
            elif device.session != session:
                device.session = session
                device.save(update_fields=["session"])
    return any(device.person_id == person.pk for device in found)


def _problems(endpoint: str, p256dh: str, auth: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if len(endpoint) > 1000 or not is_allowed(endpoint):
        found["endpoint"] = [_("The push service of this browser is not on the company’s list.")]
    try:
        crypto.point(p256dh)
        if len(crypto.unb64(auth)) != 16:
            raise ValueError(auth)
    except ValueError:
        found["p256dh"] = [_("The keys of this browser are not complete. Try again.")]
    return found


def let_go(*, person: Any, device_id: uuid.UUID, now: dt.datetime) -> None:
    """It does not ring any more. Raises NotFound for another person's."""
    with transaction.atomic():
        device = Device.objects.select_for_update().filter(pk=device_id, person_id=person.pk).first()
        if device is None:
            raise NotFound(_("There is no such device."))
        _record(person, "let_go", device, now)
        device.delete()


def forget_session(*, session: str, now: dt.datetime) -> int:
    """The session was ended: what it let ring is silent. Returns how many."""
    if not session:
        return 0
    with transaction.atomic():
        found = list(Device.objects.select_for_update(of=("self",)).select_related("person").filter(session=session))
        for device in found:
            _record(device.person, "session_ended", device, now)
        Device.objects.filter(pk__in=[device.pk for device in found]).delete()
    return len(found)


def _record(person: Any, what: str, device: Device, now: dt.datetime) -> None:
    audit.record(actor=person, action=f"notifications.device.{what}", object=f"directory.person:{person.login}", data={
        "device": str(device.pk), "label": device.label}, now=now)
