"""What both sandbox systems stand on: one SQLite file, an HTTP server with fault switches, a sender of webhooks."""
