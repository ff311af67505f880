"""REST API of the board: figures, and the boards they stand on."""

from apps.insight.api import boards, figures, meter

urlpatterns = [*figures.urlpatterns, *boards.urlpatterns, *meter.urlpatterns]
