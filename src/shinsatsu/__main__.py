"""`python -m shinsatsu` is the `shinsatsu` command."""

from shinsatsu.cli import app

app(prog_name="shinsatsu")
