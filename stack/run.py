#!/usr/bin/env python3
"""Starts, watches and stops what Atrium runs on. `python3 stack/run.py --help` lists the commands.

Needs Python 3.11 or newer and nothing else: it is the program that makes everything else present.
"""

import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036  (the person may have started it with an older one)
    sys.exit("Atrium needs Python 3.11 or newer: apt-get install python3 python3-venv, then name it: make PYTHON=/path/to/python3")

# The folder of this file is replaced by the repository: modules are `stack.ports`, never a top-level `ports`.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from stack.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
