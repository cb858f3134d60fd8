"""What `tsernet benchmark` measures, one file a subject; measure.py holds the stopwatch that all of them use."""
