"""The response cache and the tool cache: one store of entries in memory and on disk, walled by tenant, app and subject."""
