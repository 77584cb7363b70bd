"""What people see: the `offhook` command line, the softphone and the wallboard.

The top of the repository: nobody imports it. Views are pure functions of what the engine published;
screens are thin. Heavy imports happen inside commands, so that `offhook --help` stays quick.
"""
