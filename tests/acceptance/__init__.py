"""Whole stories, told through requests and the switch only: what the product promises."""
