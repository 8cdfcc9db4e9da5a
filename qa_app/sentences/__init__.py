"""The sentences of domain errors, by what they are about; ``qa_app.messages`` joins them."""
