"""What dispatch knows of the providers' services: who is well, who is fast, who is full, which key goes next."""
