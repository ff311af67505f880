"""What this app announces.

`directory.people.moved`: {}. Somebody stands in another department, or was switched on or off: roles given to departments act otherwise.
"""

PEOPLE_MOVED = "directory.people.moved"
