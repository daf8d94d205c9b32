"""Who must know? One event judged by the agreements, stage by stage."""
