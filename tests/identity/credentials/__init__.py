"""Tests of the room credentials."""
