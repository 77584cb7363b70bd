"""The simulated switch: dial plan, trunks, stations, voice units, callers' and agents' phones.

A shell around SimPy. To the engine it is a switch like any other: it reports observations about
legs and takes commands, and its own process of a call is never visible otherwise. It never imports
another shell (`ctiserver.live`, `crm_bridge`).
"""
