"""`python -m cdi_bot`: the same as the `cdi-bot` command."""

from cdi_bot.cli import main

if __name__ == "__main__":
    main()
