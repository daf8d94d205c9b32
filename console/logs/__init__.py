"""Where commands read what happened: records on a log, decoded, and the topics of a running system as such a log."""
