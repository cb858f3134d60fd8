"""What `tsernet review` reads and writes: models, the inspection log, the report; a project of an annotation tool."""
