"""The live half of the CTI server: asyncio clocks, transports, stores and links to real switches.

A shell around `ctiserver.core`: it touches the world and decides nothing. It never imports another
shell (`switch_sim`, `crm_bridge`).
"""
