"""REST API of the home page and of the search over everything."""

from apps.workspace.api import home, search

urlpatterns = [*home.urlpatterns, *search.urlpatterns]
