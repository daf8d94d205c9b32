"""Finding incidents by words: a read model folded from the topics, thrown away and rebuilt whenever it is doubted."""
