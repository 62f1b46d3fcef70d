"""Equipment of the acceptance harness and the bench: processes, HTTP, load, disks. Only ever talks to this machine."""
