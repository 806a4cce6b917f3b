"""What people do with a workspace, each a function with a typed result: the command line and Python call the same."""
