"""The commands of `tsernet`, one file a command or group."""
