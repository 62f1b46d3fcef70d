"""Reading the configs of other gateways: what can be taken over is, the rest is named with its reason. Nothing is guessed."""
