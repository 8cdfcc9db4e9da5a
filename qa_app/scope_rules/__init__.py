"""The rules of what a person may see, one per table; ``qa_app.scopes`` names them all."""
