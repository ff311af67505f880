"""allauth's side: the provider class, its adapter and routes. allauth mounts `<package of the provider class>.urls`."""
