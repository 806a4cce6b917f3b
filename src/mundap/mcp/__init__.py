"""The workspace as a server of the Model Context Protocol: agents search, ask and read by it."""
