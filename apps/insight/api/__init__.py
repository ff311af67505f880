"""REST API of the board: figures, and the boards they stand on."""

from apps.insight.api import boards, figures

urlpatterns = [*figures.urlpatterns, *boards.urlpatterns]
