"""The demo: sample data taken through the product's own services, and what came out."""
