"""Records of runs on their way to the tracking store: kept on disk first, sent by a process of their own."""
