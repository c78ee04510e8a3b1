"""The commands, one module for each thing that people come for.

Each module has a `HEADING`, under which `gapwatch --help` lists its commands, and functions with
`@app.command()`. Their docstrings are what `--help` shows of each command, so they tell people what to do.
"""
