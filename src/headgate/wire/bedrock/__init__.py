"""Amazon Bedrock's Converse: a format of providers only, and the framing of its streams."""
