"""What `tsernet benchmark` measures, a file each."""
