"""Pages of access: refusals, errors, the rights matrix."""

from apps.access.views.errors import csrf_failure, forbidden, not_found, server_error

__all__ = ["csrf_failure", "forbidden", "not_found", "server_error"]
