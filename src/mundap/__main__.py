"""`python -m mundap`: the command line."""

from mundap.cli import main

if __name__ == "__main__":
    main()
