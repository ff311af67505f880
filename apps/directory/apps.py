from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "apps.directory"
    label = "directory"

    def ready(self) -> None:
        from apps.core import people
        from apps.directory.selectors import PeoplePort

        people.fill(PeoplePort())
