"""`python -m refdesk` is `refdesk`."""

from refdesk.cli import main

if __name__ == "__main__":
    main()
