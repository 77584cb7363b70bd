"""Links to switches: each is a `SwitchLink`, and hides one switch's protocol."""
