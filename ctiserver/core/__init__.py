"""The pure half of the CTI server: the engine, the call model and the driver that feeds a core.

It takes switch observations, client requests and instants, and returns journal records, switch
commands, replies and published events. It never reads a clock, a socket, a random source or a
database; it knows `acd`, `ivr`, `agents` and `csta`.
"""
