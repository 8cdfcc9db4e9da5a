"""The practice room: exemplars scored blind, then compared with the reference."""
