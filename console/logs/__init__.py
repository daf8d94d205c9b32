"""Where commands read what happened: the topics of a system, or a file that was exported from one."""
