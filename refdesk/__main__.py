"""`python -m refdesk` is `refdesk`."""

from refdesk.cli import run

if __name__ == "__main__":
    run()
