"""The work of Hearback: one folder per stage, pure rules beside a service that takes a Session."""
