"""Requests that go to a provider as they came: any path of it, and images, audio, files and the like at their usual paths."""
