"""The statements of the runs room: `bulk` for the drain thread, `lists` and `details` for requests."""
