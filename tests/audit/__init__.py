"""The audit: a real evening with each record taken out in turn, and nights made by hand."""
