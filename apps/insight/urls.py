"""Pages of the management board."""

from django.urls import path

from apps.insight.views import arranging, board, drill, keys, meter, prints, taking

urlpatterns = [
    path("board/", board.board_start, name="board"),
    path("board/menu/", arranging.board_menu),
    path("board/meter/", meter.value_meter),
    path("board/meter/departments/", meter.live_departments),
    path("board/meter/departments/<uuid:department>/", meter.department_set),
    path("board/meter/<slug:key>/", meter.measure_page),
    path("board/meter/<slug:key>/freeze/", meter.freeze),
    path("board/new/", arranging.board_build),
    path("board/add/", arranging.board_add),
    path("board/prints/", prints.print_list),
    path("board/prints/news/", prints.print_news),
    path("board/prints/<uuid:print_id>/", prints.print_page),
    path("board/prints/<uuid:print_id>/file/", prints.print_file),
    path("board/figures/", drill.figure_list),
    path("board/figures/<str:key>/", drill.figure_page),
    path("board/figures/<str:key>/notes/", taking.note_add),
    path("board/figures/<str:key>/notes/<uuid:note_id>/remove/", taking.note_remove),
    path("board/figures/<str:key>/alerts/", taking.alert_set),
    path("board/figures/<str:key>/target/", taking.target_set),
    path("board/figures/<str:key>/unusual/", taking.unusual_set),
    path("profile/keys/", keys.keys),
    path("profile/keys/make/", keys.key_make),
    path("profile/keys/<uuid:token_id>/revoke/", keys.key_revoke),
    path("board/unusual/<uuid:day_id>/", drill.unusual_day),
    path("board/b/<str:ident>/", board.board_page),
    path("board/b/<str:ident>/wall/", board.board_wall),
    path("board/b/<str:ident>/edit/", arranging.board_edit),
    path("board/b/<str:ident>/add/", arranging.board_build),
    path("board/b/<str:ident>/layout/", arranging.board_layout),
    path("board/b/<str:ident>/copy/", arranging.board_copy),
    path("board/b/<str:ident>/rename/", arranging.board_rename),
    path("board/b/<str:ident>/share/", arranging.board_share),
    path("board/b/<str:ident>/delete/", arranging.board_delete),
    path("board/b/<str:ident>/export/", taking.board_export),
    path("board/b/<str:ident>/mail/", taking.board_mail),
]
