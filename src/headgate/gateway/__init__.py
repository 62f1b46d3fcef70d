"""The life of one call, from the socket to the record. Start reading at `serve.py`."""
