"""The thing that travels through the gateway, and its contract: Call, Reply, Caller, Module, the frames of the record."""
