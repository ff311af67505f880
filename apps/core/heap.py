"""The garbage collector of a server: it looks at what requests leave behind, not at the program again and again."""

from __future__ import annotations

import gc

# Objects made (less those given back) before the youngest are looked at, and how many such looks come before a look at older ones. Django makes thousands of
# objects a page and nearly none in circles: by Python's own numbers, made for small programs, a page is looked through several times while it is made.
THRESHOLDS = (20_000, 20, 50)


def settle() -> None:
    """Called once all of the program is loaded: it stays for the life of the process and is not looked at any more."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
