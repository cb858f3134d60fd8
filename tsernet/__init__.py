"""TSERNet: defects on strip steel, found in two stages that share one edge map."""
