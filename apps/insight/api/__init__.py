"""REST API of the board: figures, the boards they stand on, what was taken of them, and what they are worth."""

from apps.insight.api import boards, customers, cuts, figures, keys, meter, prints, watching

urlpatterns = [
    *figures.urlpatterns, *cuts.urlpatterns, *boards.urlpatterns, *prints.urlpatterns, *customers.urlpatterns, *meter.urlpatterns, *keys.urlpatterns,
    *watching.urlpatterns,
]  # fmt: skip
