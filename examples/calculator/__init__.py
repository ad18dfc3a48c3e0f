"""A small calculator: operations, a session with memory and history, and expressions."""
