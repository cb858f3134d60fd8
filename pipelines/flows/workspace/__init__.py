"""The git worktree in which a flow run works: made, watched, and cleared up."""
