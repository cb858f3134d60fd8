"""What `tsernet up` runs and `tsernet doctor` examines: servers, worker, and the guards that end them."""
