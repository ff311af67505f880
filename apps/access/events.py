"""What this app announces.

`access.rights.changed`: {}. A role was given or taken, ran out, or what it grants was changed; who may do what is to be asked anew.
"""

RIGHTS_CHANGED = "access.rights.changed"
