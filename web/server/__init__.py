"""The process that serves: sockets, threads, signals."""
