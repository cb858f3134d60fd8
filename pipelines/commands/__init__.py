"""The subcommands of the `tsernet` command, a file each."""
