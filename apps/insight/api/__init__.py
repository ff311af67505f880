"""REST API of the board: figures, and the boards they stand on."""

from apps.insight.api import boards, figures, meter, prints

__all__ = [
    "boards", "figures", "meter", "prints",
]  # fmt: skip
