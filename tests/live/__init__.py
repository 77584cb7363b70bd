"""The live server: real sockets, files, processes and brokers on loopback."""
