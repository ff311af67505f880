"""Sign-in, sign-out, back-channel logout, profile."""
