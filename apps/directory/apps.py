from django.apps import AppConfig


class DirectoryConfig(AppConfig):
    name = "apps.directory"
    label = "directory"

    def ready(self) -> None:
        from apps.core import people
        from apps.core.access import register_resource
        from apps.directory.selectors import PeoplePort

        people.fill(PeoplePort())
        register_resource("directory.absence", actions={"view", "edit"})
