"""Open Netcafe Face, or run one of its commands: the one file to start.

It is written so that every Python, even 2.7, can read it and say what is wrong.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Netcafe Face needs Python 3.11 or newer, and this is Python %d.%d.\n"
        "Install a newer one from https://www.python.org/downloads/ (or your system's packages), then start\n"
        "again with it, for example: python3.12 main.py\n"
        "---\n"
        "Netcafe Face can Python 3.11 tro len; day la Python %d.%d. Hay cai ban moi hon roi chay lai."
        % (sys.version_info[:2] * 2)
    )

from netcafe_face.startup.launch import prepare

if __name__ == "__main__":
    status = prepare(sys.argv[1:])
    if status is None:
        from netcafe_face.cli import main

        status = main(sys.argv[1:])
    sys.exit(status)
