"""The spool: preallocated segment files of checksummed frames, where every call is safe before its answer leaves."""
