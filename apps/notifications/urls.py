"""Pages of the inbox."""

from django.urls import path

from apps.notifications.views import arrivals, batches, chat, inbox, mail, preferences, saved

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.all_read, name="inbox-all-read"),
    path("inbox/batch/", batches.act, name="inbox-batch"),
    path("inbox/batch/check/", batches.check, name="inbox-batch-check"),
    path("inbox/batches/<uuid:batch_id>/", batches.result, name="inbox-batch-result"),
    path("inbox/batches/<uuid:batch_id>/decide/", batches.decide, name="inbox-batch-decide"),
    path("inbox/batches/<uuid:batch_id>/undo/", batches.undo, name="inbox-batch-undo"),
    path("inbox/views/", saved.save, name="inbox-view-save"),
    path("inbox/views/<uuid:view_id>/<slug:verb>/", saved.change, name="inbox-view-change"),
    path("inbox/<uuid:notification_id>/", inbox.opened, name="inbox-open"),
    path("inbox/<uuid:notification_id>/state/", inbox.state, name="inbox-state"),
    path("inbox/<uuid:notification_id>/<slug:verb>/", inbox.change, name="inbox-change"),
    path("mail/decide/<str:token>/", mail.decide, name="mail-decide"),
    path("profile/notifications/", preferences.reach, name="reach"),
    path("profile/notifications/preview/", preferences.preview, name="reach-preview"),
    path("profile/notifications/devices/", preferences.device_add, name="reach-device-add"),
    path("profile/notifications/devices/here/", preferences.device_here, name="reach-device-here"),
    path("profile/notifications/devices/<uuid:device_id>/remove/", preferences.device_remove, name="reach-device-remove"),
    path("profile/notifications/chat/<slug:vendor>/<slug:verb>/", preferences.chat_account, name="reach-chat"),
    path("channels/", preferences.company, name="channels"),
    path("chat/<slug:vendor>/", arrivals.begin, name="chat-begin"),
    path("chat/<slug:vendor>/back/", arrivals.back, name="chat-back"),
    path("chat/<slug:vendor>/connect/", arrivals.connect, name="chat-connect"),
    path("hooks/<slug:vendor>/chat/", chat.callback, name="chat-callback"),
]
